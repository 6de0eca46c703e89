"""Every screen in Chromium: on small screens, light and dark; the editor of the playground."""

from tests.support.browser import ARROW_DOWN, ENTER, Browser

SCREENS = (
    "/page/candidates",
    "/page/candidates/maria-1",
    "/page/candidates/maria-1/rules/withdraw-promptly",
    "/page/rulebook",
    "/page/rulebook/withdraw-promptly",
    "/page/playground",
    "/page/operations",
    "/page/operations/dead-letters",
    "/page/operations/endpoints",
)


def test_every_screen_fits_a_telephone_and_has_contrast_in_light_and_dark(page: Browser, address: str) -> None:
    for path in SCREENS:
        page.open(address + path)
        for scheme, width in (("light", 1280), ("dark", 360)):
            page.prefer(scheme)
            page.resize(width, 800)
            assert page.run("return document.documentElement.scrollWidth") <= width, path
            assert page.run(LOW_CONTRAST) == [], (scheme, path)
    page.prefer("light")
    page.resize(1280, 900)


def test_the_editor_completes_words_by_keyboard(page: Browser, address: str) -> None:
    page.open(f"{address}/page/playground")
    page.run("document.getElementById('text').value = ''")
    page.wait_for("#text")
    page.type("#text", "my-rule:\n  about: offer\n  when: {resp")
    page.wait_for("#completions li", "respond_by")
    page.press(ARROW_DOWN)
    page.press(ENTER)
    assert "respond" in page.run("return document.getElementById('text').value")
    assert page.run("return document.getElementById('completions').hidden")


def test_a_rule_is_tried_and_its_problem_shown(page: Browser, address: str) -> None:
    page.open(f"{address}/page/playground?rule=ask-response-deadline&candidate=maria-1")
    page.type("#at", "2026-02-26T12:00:00Z")
    page.click("main button")
    page.wait_for("h2", "Why")
    page.run(
        "const text = document.getElementById('text'); text.value = text.value.replace('respond_by', 'respond_bye')"
    )
    page.click("main button")
    page.wait_for("section[role=alert]", "R020")


LOW_CONTRAST = """
const parts = (color) => color.match(/[\\d.]+/g).map(Number);
const light = (color) => parts(color).slice(0, 3).map((one) => one / 255)
  .map((one) => (one <= 0.03928 ? one / 12.92 : ((one + 0.055) / 1.055) ** 2.4))
  .reduce((sum, one, place) => sum + one * [0.2126, 0.7152, 0.0722][place], 0);
const ground = (element) => {
  for (let one = element; one; one = one.parentElement) {
    const color = getComputedStyle(one).backgroundColor;
    if ((parts(color)[3] ?? 1) > 0) return color;
  }
  return "rgb(255, 255, 255)";
};
const bad = [];
for (const element of document.querySelectorAll("body *")) {
  const own = [...element.childNodes].some((one) => one.nodeType === 3 && one.textContent.trim());
  if (!own || element.closest("svg") || !element.checkVisibility()) continue;
  const [one, other] = [light(getComputedStyle(element).color), light(ground(element))];
  const ratio = (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
  if (ratio < 4.5) bad.push(`${element.outerHTML.slice(0, 80)} ${ratio.toFixed(2)}`);
}
return bad;
"""
"""Lists the visible texts with a contrast below 4.5 to 1 (WCAG AA)."""
