"""The pages of scheduling: the public directory, the patient's and the doctor's area."""
