"""Whether a name holds an address of the web or of mail: names are written into mails, where programs make links of it.

What mail programs link is a word, a dot and the name of a domain. Names have dots too: *Dr. Bose*, *J.R.R. Tolkien*,
*Ph.D.*, *St.John*.
"""

import re
import unicodedata

_DOTS = str.maketrans({"\u3002": ".", "\uff61": ".", "\uff0e": ".", "\u200c": None, "\u200d": None})
_SIGNS = re.compile(r"@|://|\bhttps?\s*:|\bwww\b|\bwww\s*\d*\.|\bmailto:|\b\d{1,3}(?:\.\d{1,3}){3}\b", re.IGNORECASE)
_DOTTED = re.compile(r"([^\W_][\w-]*)\.(?=([^\W\d_][\w-]+))")
_PATH = re.compile(r"\w\.\w{2,}(?:[/?#]|:\d)")

_TITLES = frozenset(
    re.findall(
        r"\w+",
        """
        dr mr mrs ms mx prof rev fr sr jr st ste mt hon capt col gen sgt lt cpl maj dipl ing med dent phil nat ph md rer
        """,
    )
)
_DOMAINS = frozenset(
    re.findall(
        r"\w+",
        """
        com net org info biz edu gov mil int arpa name pro mobi app dev web site online website store shop club xyz top
        icu live life link click blog news tech cloud page space fun win bid loan vip work world today email chat help
        support health healthcare clinic hospital doctor dental care center agency company digital media network
        systems solutions services express direct finance bank money gmbh ltd inc llc group team zone host press
        review download stream date racing science party trade webcam cam sbs cfd lol rest bond buzz quest monster
        beauty hair makeup skin asia africa berlin london paris example invalid test localhost local onion internal
        travel museum beer wine cafe bar restaurant hotel flights holiday pharmacy surgery doctors physio fitness yoga
        law legal attorney tax credit loans insurance investments bet casino poker games game video photo photos gallery
        market sale deals gift promo discount cheap free jobs careers school university academy education community
        foundation social chat forum wiki guide tips tools software technology computer data codes domains land homes
        """,
    )
)
_NOBODYS = frozenset(("com", "net", "org", "info", "biz", "edu", "gov"))
_ELSEWHERE = """
中国 中國 公司 网络 網絡 香港 台湾 台灣 澳門 澳门 新加坡 世界 在线 网站 网址 网店 中文网 商城 商店 商标 集团 企业 机构
手机 移动 信息 娱乐 游戏 健康 购物 餐厅 食品 时尚 公益 政务 政府 组织机构 我爱你 招聘
みんな コム ストア セール クラウド ファッション ポイント 通販 한국 닷컴 닷넷
भारत नेट कॉम संगठन ไทย คอม شبكة موقع كوم بازار امارات السعودية مصر ایران المغرب קום ישראל қаз
"""
_DOMAIN_ELSEWHERE = re.compile(rf"[^\s.]\.(?:{'|'.join(_ELSEWHERE.split())})(?!\w)")
"""Their scripts have no small letters to tell them from names; some hold marks, which \\w leaves out."""


def holds_address(name: str) -> bool:
    """Whether a mail program may make a link of some of it."""
    written = unicodedata.normalize("NFKC", name.translate(_DOTS)).translate(_DOTS)
    signs = (_SIGNS, _PATH, _DOMAIN_ELSEWHERE)
    return any(sign.search(written) for sign in signs) or any(_is_domain(*pair) for pair in _DOTTED.findall(written))


def _is_domain(before: str, after: str) -> bool:
    """Whether ``before.after`` is a domain, rather than an initial, a title, or a name that lacks a space."""
    last = after.casefold()
    if before.casefold() in _TITLES:
        return last in _NOBODYS or (last in _DOMAINS and after.islower())
    if last in _DOMAINS or last.startswith("xn--"):
        return True
    if len(before) == 1 and before.isupper():  # an initial: J.Smith, B.Sc
        return False
    if len(before) > 2 and before.isupper() and after.isupper():  # EVIL.TRAVEL: few shout a name without a space
        return True
    is_country = len(after) == 2 and after.isascii() and after.isalpha()
    return after.islower() or is_country
