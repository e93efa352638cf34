"""`make bench`: everything that is measured."""

from bench import pages

if __name__ == "__main__":
    pages.main()
