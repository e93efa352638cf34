"""What is served as it lies there, and what templates ask of it: vendored files, icons, classes, the strict policy."""

import importlib.util
import re
import shutil
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from types import ModuleType

import jinja2
import pytest
from jinja2 import nodes

from hms.web.fragment_cache import Keep

ROOT = Path(__file__).resolve().parent.parent
STATIC = ROOT / "hms" / "static"
TEMPLATES = sorted((ROOT / "hms" / "templates").rglob("*.html"))
SHEETS = sorted(STATIC.glob("*.css"))

# Where a macro takes the name of an icon, counted from 0.
ICON_ARGUMENT = {
    "icon": 0,
    "empty": 1,
    "note": 1,
    "button": 2,
    "menu_link": 2,
    "menu_post": 2,
    "tag": 2,
    "link_button": 3,
    "menu": 3,
    "post_button": 3,
}

# Classes that no stylesheet mentions on purpose.
UNSTYLED = {"days"}

# Text that people read, and what it stands on.
READABLE = [
    "--ink on --card",
    "--ink on --canvas",
    "--ink on --sunken",
    "--muted on --card",
    "--muted on --canvas",
    "--muted on --sunken",
    "--muted on --brand-tint",
    "--brand on --card",
    "--brand on --canvas",
    "--on-brand on --brand",
    "--on-brand on --brand-strong",
    "--on-brand-tint on --brand-tint",
    "--online-ink on --online-tint",
    "--ok-ink on --ok-tint",
    "--ok-ink on --card",
    "--warn-ink on --warn-tint",
    "--bad-ink on --bad-tint",
    "--bad-ink on --card",
    "--quiet-ink on --quiet-tint",
]


def load_tool(name: str) -> ModuleType:
    """A script of tools/, as a module."""
    spec = importlib.util.spec_from_file_location(name, ROOT / "tools" / f"{name}.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def source(template: Path) -> str:
    """A template without its comments."""
    return re.sub(r"\{#.*?#\}", "", template.read_text(encoding="utf-8"), flags=re.DOTALL)


def name(template: Path) -> str:
    return str(template.relative_to(ROOT / "hms" / "templates"))


def found(pattern: str) -> dict[str, list[str]]:
    """What a pattern finds, by template; those without any are left out."""
    assert len(TEMPLATES) > 50
    return {name(template): places for template in TEMPLATES if (places := re.findall(pattern, source(template)))}


class TestVendoredFiles:
    def test_the_lock_matches(self) -> None:
        assert load_tool("vendor").find_changed(STATIC) == []

    @pytest.mark.parametrize("touched", ["vendor/htmx-4.0.1.min.js", "fonts/figtree-latin.woff2"])
    def test_one_byte_more_is_noticed(self, tmp_path: Path, touched: str) -> None:
        shutil.copytree(STATIC, tmp_path / "static")
        with (tmp_path / "static" / touched).open("ab") as file:
            file.write(b"\n")
        assert load_tool("vendor").find_changed(tmp_path / "static") == [touched]

    def test_a_missing_file_and_a_stranger_are_noticed(self, tmp_path: Path) -> None:
        shutil.copytree(STATIC, tmp_path / "static")
        (tmp_path / "static" / "fonts" / "figtree-latin.woff2").unlink()
        (tmp_path / "static" / "vendor" / "stranger.js").write_text("")
        changed = load_tool("vendor").find_changed(tmp_path / "static")
        assert changed == ["fonts/figtree-latin.woff2", "vendor/stranger.js"]

    def test_the_licence_of_every_package_is_there(self) -> None:
        licences = (STATIC / "vendor" / "LICENSES.txt").read_text(encoding="utf-8")
        for package in load_tool("vendor").PACKAGES:
            assert package in licences


class TestMadeFiles:
    def test_week_rows_is_what_its_tool_makes(self) -> None:
        assert (STATIC / "week-rows.css").read_text(encoding="utf-8") == load_tool("make_rows").make()

    def test_each_sprite_holds_the_icons_of_its_tool(self) -> None:
        sprites = load_tool("make_icons").SPRITES
        assert {sprite: sprite_names(sprite) for sprite in sprites} == sprites

    def test_every_icon_used_is_in_the_sprite(self) -> None:
        used = {(name(template), icon) for template in TEMPLATES for icon in icons_used(template)}
        assert len(used) > 30
        known = {*sprite_names("icons.svg"), *sprite_names("directory.svg")}
        assert {(template, icon) for template, icon in used if icon not in known} == set()


class TestStrictPolicy:
    def test_no_template_holds_an_inline_script_or_style(self) -> None:
        assert found(r"<style\b|\sstyle\s*=|<script(?![^>]*\ssrc=)|\son[a-z]+\s*=|hx-on|javascript:") == {}

    def test_no_template_loads_anything_from_elsewhere(self) -> None:
        assert found(r"<(?:link|script|img|iframe|use|source)\b[^>]*(?:https?:)?//[^>]*>") == {}

    def test_stylesheets_load_nothing_from_elsewhere(self) -> None:
        text = "".join(sheet.read_text(encoding="utf-8") for sheet in SHEETS)
        addresses = re.findall(r"url\(\s*[\"']?([^\"')]+)", text)
        assert addresses
        assert [address for address in addresses if not (STATIC / address).is_file()] == []
        assert "@import" not in text


class TestClasses:
    def test_every_class_of_a_template_is_in_a_stylesheet(self) -> None:
        known, unknown = styled_classes() | UNSTYLED, {}
        for template in TEMPLATES:
            whole, prefixes = classes_used(source(template))
            strangers = whole - known
            strangers |= {prefix for prefix in prefixes if not any(one.startswith(prefix) for one in known)}
            unknown |= {name(template): strangers} if strangers else {}
        assert unknown == {}

    def test_the_check_would_notice(self) -> None:
        text = """<p class="card no-such{{ ' tag-' ~ kind if kind == 'off' }} r{{ row }}{% if a %} other{% endif %}">"""
        assert classes_used(text) == ({"card", "other"}, {"no-such", "tag-", "r"})


class TestColours:
    def test_a_browser_without_light_dark_gets_the_light_values(self) -> None:
        light = {token: values[0] for token, values in colours().items()}
        fallback = re.search(r"@supports not.*?:root \{(.*?)\}", portal(), re.DOTALL)
        assert fallback
        plain = dict(re.findall(r"(--[\w-]+): ([^;]+);", fallback[1]))
        assert plain == light

    @pytest.mark.parametrize("pair", READABLE)
    def test_text_stands_out_in_light_and_dark(self, pair: str) -> None:
        text, ground = (colours()[token] for token in pair.split(" on "))
        for one, other in zip(text, ground, strict=True):
            assert contrast(one, other) >= 4.5

    @pytest.mark.parametrize("edge", ["--line-strong", "--brand-edge", "--focus", "--bad-line", "--ok-line"])
    def test_edges_that_mean_something_stand_out(self, edge: str) -> None:
        for one, other in zip(colours()[edge], colours()["--card"], strict=True):
            assert contrast(one, other) >= 3


def portal() -> str:
    return (STATIC / "portal.css").read_text(encoding="utf-8")


def sprite_names(sprite: str) -> list[str]:
    return re.findall(r'<symbol id="([^"]+)"', (STATIC / sprite).read_text(encoding="utf-8"))


def icons_used(template: Path) -> Iterator[str]:
    """Icon names that stand as literals in macro calls, and hyphenated words in tuples (which are icons or classes)."""
    tree = jinja2.Environment(extensions=[Keep]).parse(template.read_text(encoding="utf-8"))
    for call in tree.find_all(nodes.Call):
        position = ICON_ARGUMENT.get(getattr(call.node, "name", ""), 99)
        yield from constants(call.args[position : position + 1])
        yield from constants(keyword.value for keyword in call.kwargs if keyword.key == "ic")
    for group in tree.find_all(nodes.Tuple):
        hyphenated = (word for word in constants(group.items) if re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)+", word))
        yield from (word for word in hyphenated if word not in styled_classes())


def constants(expressions: Iterable[nodes.Node]) -> Iterator[str]:
    """The texts among some expressions."""
    for expression in expressions:
        if isinstance(expression, nodes.Const) and isinstance(expression.value, str) and expression.value:
            yield expression.value


@cache
def styled_classes() -> frozenset[str]:
    """Every class that a stylesheet mentions."""
    text = "".join(re.sub(r"/\*.*?\*/", "", sheet.read_text(encoding="utf-8"), flags=re.DOTALL) for sheet in SHEETS)
    selectors = re.findall(r"([^{};]+)\{", text)
    return frozenset(one for selector in selectors for one in re.findall(r"\.([a-zA-Z][\w-]*)", selector))


JINJA = r"\{\{.*?\}\}|\{%.*?%\}"


def classes_used(text: str) -> tuple[set[str], set[str]]:
    """Whole class names, and the beginnings of names that go on with what Jinja adds (``tag-{{ kind }}``)."""
    values = re.findall(rf'\sclass="((?:{JINJA}|[^"{{])*)"', text) + re.findall(r'"class": "([^"]*)"', text)
    words = {word for value in values for word in class_words(value)}
    return {word for word in words if not word.endswith("…")}, {word[:-1] for word in words if word.endswith("…")}


def class_words(value: str) -> Iterator[str]:
    """The words of a class attribute and of the literals in its expressions; one that goes on ends with ``…``."""
    for expression in re.findall(r"\{\{.*?\}\}", value):
        chosen = re.sub(r"(==|!=|\bin)\s*(\([^)]*\)|'[^']*')", "", expression)
        for word in " ".join(re.findall(r"'([^']*)'", chosen)).split():
            yield word + "…" if word.endswith("-") else word
    fixed = re.sub(r"(\S)\{\{.*?\}\}", r"\1… ", re.sub(r"\{%.*?%\}", " ", value))
    yield from re.sub(r"\{\{.*?\}\}", " ", fixed).split()


def colours() -> dict[str, tuple[str, str]]:
    """Every token with a light and a dark value."""
    pairs = re.findall(r"(--[\w-]+): light-dark\((.+)\);", portal())
    return {token: split_pair(pair) for token, pair in pairs}


def split_pair(pair: str) -> tuple[str, str]:
    light, dark = re.split(r",\s*(?=#|rgb)", pair)
    return light, dark


def contrast(one: str, other: str) -> float:
    """The contrast ratio of two colours (WCAG 2.2, relative luminance)."""
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def luminance(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
