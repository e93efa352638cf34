"""What people, programs and attackers type into fields: the corpus that every form is tried with."""

CONTROL = ["a\0b", "a\x07b", "a\x1bb", "a\x7fb", "a\x85b", "a\u2028b", "\x00", "a\rb", "a\r\nBcc: x@evil.test", "\tx"]
UNICODE = [
    "Nguye\u0302\u0303n",
    "名前",
    "محمد",
    "\u202eevil",
    "\u200d",
    "\ufeff",
    "👩‍👩‍👧‍👦",
    "Z̷̡͓a̸l̶g̵o̶" * 20,
    "İ",
    "ﬃ",
    "＝1+1",
    "\ud800",
    "\U0010ffff",
    "\ufffe",
]
BLANK = ["", " ", "   ", "\u00a0", "\u3000", "\u200b", "\n\n", "\t"]
LONG = ["a" * 41, "a" * 121, "a" * 255, "a" * 501, "a" * 2001, "a" * 100_000, "é" * 2000, "👍" * 1000]
MARKUP = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "{{7*7}}",
    "${7*7}",
    "{%",
    "]]>",
    "<!--",
    "javascript:alert(1)",
]
SQL = ["'", "''; DROP TABLE users; --", "%", "_", "\\", "1 OR 1=1", "pg_sleep(9)", "$1", "%s", "%(x)s", ":x"]
NUMBERS = [
    "-1", "0", "2147483647", "2147483648", "9223372036854775808", "1" * 400, "1e9", "1_000", "٣", "NaN", "inf", "-0",
    "0x10", "1.5", "1,50", "+1", " 7 ", "１２",
]  # fmt: skip
DAYS = [
    "0001-01-01", "9999-12-31", "2027-02-29", "2028-02-29", "2026-1-1", "2026-13-01", "2026-00-10", "infinity", "now",
    "today", "٢٠٢٦-٠١-٠١", "2026-11-26T10:00", "1999-12-31", "2100-01-01", "2027-03-28", "-2026-11-26", "2026-11-26\0",
]  # fmt: skip
TIMES = ["24:00", "09:60", "9:00", "09:00:00", "25:00", "-1:00", "٠٩:٠٠", "09:00Z", "01:30", "00:00", "23:59", "9"]
EMAILS = [
    "@", "a@", "@b", "a@b", "a@b@c.test", "a b@c.test", "a@[127.0.0.1]", '"quoted"@c.test', "a@c..test", "a@-c.test",
    "x" * 65 + "@c.test", "x@" + "c" * 250 + ".test", "İ@c.test", "a@bücher.test", "a@c.test\r\nBcc: x@evil.test",
]  # fmt: skip
IDS = ["00000000-0000-0000-0000-000000000000", "null", "None", "undefined", "../", "..%2f", "[object Object]", "true"]

EVERYTHING = [*CONTROL, *UNICODE, *BLANK, *LONG, *MARKUP, *SQL, *NUMBERS, *DAYS, *TIMES, *EMAILS, *IDS]

SHARP = [
    "a\0b", "\x00", "a\x1bb", "a\u2028b", "a\r\nBcc: x@evil.test", "\ud800", "\ufffe", "", "   ", "\u00a0", "\u200b",
    "\n\n", "a" * 41, "a" * 121, "a" * 501, "a" * 2001, "a" * 100_000, "é" * 2000, "👍" * 300,
    "<script>alert(1)</script>",
    "'\"><b>", "{{7*7}}", "%", "\\", "%(x)s", "0", "-1", "2147483648", "1" * 400, "1_0", "٣", "NaN", "1e9",
    "9999-12-31",
    "0001-01-01", "2027-03-28", "2100-01-01", "01:30", "23:59", "24:00", "x@" + "c" * 250 + ".test", "İ@c.test", "null",
]  # fmt: skip
"""The sharpest of each kind: those that get past something, or end beyond the form."""
