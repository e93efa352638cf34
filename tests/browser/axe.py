"""axe-core, which finds what keeps people from using a page: WCAG 2.0 to 2.2, A and AA, and good practice."""

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Page

STANDARDS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22a", "wcag22aa", "best-practice"]

# Of rows and events that differ only in their words, addresses and places, two stand for all: of fifty, axe would look
# at each for a second and more.
RUN = r"""async (values) => {
  const own = / (href|id|for|value|name|action|datetime|src|aria-labelledby|aria-describedby)="[^"]*"/g;
  const kind = ({outerHTML}) => outerHTML.replace(/>[^<]+</g, ">x<").replace(own, "").replace(/\b[rd]\d+\b/g, "");
  const counts = new Map(), exclude = [];
  for (const element of document.querySelectorAll("li, article, tr, form")) {
    const count = (counts.get(kind(element)) ?? 0) + 1;
    counts.set(kind(element), count);
    if (count > 2) exclude.push(element);
  }
  const options = {runOnly: {type: "tag", values}, resultTypes: ["violations"], preload: false};
  const {violations} = await axe.run({include: document, exclude}, options);
  return violations.map(({help, nodes}) => `${help}: ${nodes.map(({html}) => html).join(" | ")}`.slice(0, 400));
}"""


def violations(page: Page) -> list[str]:
    """What axe finds in the page. Its script comes in from outside, as our policy allows no other in the page."""
    if not page.evaluate("typeof axe === 'object'"):
        page.evaluate(AXE_SCRIPT)
    return list(page.evaluate(RUN, STANDARDS))
