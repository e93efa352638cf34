"""What each thing that makes HMS faster is worth: the processor's time of a request with it, and without it.

``switches`` knows how to do without each of them, ``requests`` what is asked, ``variants`` runs a process for each way,
and ``__main__`` asks all of them in turn, over and over. Every request is compared with the same one a moment before or
after, and the product also with itself, which shows how far to believe the figures.
"""
