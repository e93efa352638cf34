"""What the most common long passwords are made of, from published lists of leaked ones.

Attackers try these words first, alone, doubled, and with digits or signs after them. A passphrase that merely contains
one of them is not refused.
"""

_WORDS = """
123456 1234567 12345678 123456789 1234567890 012345 0123456789 0987654321 987654321 9876543210 123123 112233 121212
abc123 abcd abcdef abcdefgh abcdefghijkl abcdefghijklm abcdefghijklmnopqrstuvwxyz a1b2c3d4 a1b2c3 1q2w3e 1q2w3e4r
1q2w3e4r5t 1q2w3e4r5t6y 1qaz2wsx 1qaz2wsx3edc qazwsx qazwsxedc qazwsxedcrfv zaq12wsx zaq1xsw2 q1w2e3r4 q1w2e3r4t5y6
qwer qwert qwerty qwertyu qwertyui qwertyuio qwertyuiop qwertyuiopasdfghjkl qwertz qwertzuiop azerty azertyuiop asdf
asdfg asdfgh asdfghjkl asdfghjklqwertyuiop zxcvbn zxcvbnm
admin administrator root toor login signin user username guest master owner access account changeme change default
secret private secure security test testing tester tested temp temporary demo example sample letmein letmeinnow
openup opensesame sesame trustno1 nopassword mypassword thepassword newpassword oldpassword password passwd passw0rd
p@ssword p@ssw0rd pa55word pass passphrase passcode parola contrasena motdepasse passwort kennwort wachtwoord senha
welcome welcomeback hello helloworld iloveyou iloveu ilovegod ilovejesus ihateyou love loveyou loveme lovelove
princess sunshine monkey dragon football baseball basketball soccer hockey cricket superman batman spiderman
starwars pokemon naruto minecraft computer internet whatever freedom charlie michael jordan jennifer jessica ashley
michelle daniel andrew thomas robert matthew anthony william joshua jesus jesuschrist godisgood blessed heaven angel
flower butterfly chocolate cookie cheese banana orange purple summer winter spring autumn january february december
monday friday sunday liverpool liverpoolfc manchester manchesterunited arsenal chelsea barcelona realmadrid juventus
london paris berlin america england scotland ireland india pakistan australia canada
hospital clinic doctor nurse patient medical medicine health healthcare appointment reception receptionist
surgery dentist pharmacy ward hms hmsadmin
correcthorsebatterystaple tobeornottobe maytheforcebewithyou onceuponatime thequickbrownfox
"""

WORDS = frozenset(_WORDS.split())

_FORWARDS = ("0123456789" * 3, "abcdefghijklmnopqrstuvwxyz" * 2, "qwertyuiopasdfghjklzxcvbnm" * 2)
ROWS = (*_FORWARDS, *(row[::-1] for row in _FORWARDS))
