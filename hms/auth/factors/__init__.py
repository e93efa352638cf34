"""What opens an account besides its password: the code of an app, and codes on paper for when the app is lost."""
