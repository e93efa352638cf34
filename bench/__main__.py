"""`make bench`: everything that is measured."""

from bench import mail_latency, pages

if __name__ == "__main__":
    pages.main()
    print()
    mail_latency.main()
