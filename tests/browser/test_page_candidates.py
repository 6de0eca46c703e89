"""The screens of candidates in Chromium: by mouse, by keyboard, without scripts, on small screens, light and dark."""

from tests.support.browser import ARROW_LEFT, ENTER, TAB, Browser

SCREENS = ("/page/candidates", "/page/candidates/maria-1", "/page/candidates/maria-1/rules/withdraw-promptly")


def test_a_new_user_finds_in_three_clicks_why_a_rule_does_not_hold(page: Browser) -> None:
    page.click("tbody a")
    page.wait_for("h1", "maria-1")
    page.type("#rule", "withdraw-promptly, offer/acme")
    page.click("button:not(.quiet)")
    page.wait_for("h2", "offer/acme: does not hold")
    assert "if offer/acme stage were accepted" in page.text("details[open] .would")


def test_the_slider_moves_time_to_each_threshold(page: Browser, address: str) -> None:
    page.open(f"{address}/page/candidates/maria-1")
    assert page.texts(".slider .tag") == ["now"]
    page.run("document.getElementById('slider').focus()")
    page.press(ARROW_LEFT)
    page.wait_for(".slider .tag", "history")
    page.wait_for("#slider:focus")
    assert "at=" in page.address
    assert page.run("return document.activeElement.id") == "slider", "the keyboard can go on"
    before = page.address
    page.press(ARROW_LEFT)
    page.wait_for_move(before)
    page.click(".steps a", 1)
    page.wait_for(".slider .tag", "now")


def test_without_scripts_the_same_instants_are_reached_by_links_and_a_form(page: Browser, address: str) -> None:
    page.forbid_scripts()
    try:
        page.open(f"{address}/page/candidates/maria-1")
        page.click(".steps a")
        page.wait_for(".slider .tag", "history")
        page.click(".slider form button")
        page.wait_for(".slider .tag", "history")
        page.click(".steps a", 1)
        page.wait_for(".slider .tag", "now")
    finally:
        page.forbid_scripts(False)


def test_the_keyboard_reaches_everything_in_order(page: Browser, address: str) -> None:
    page.open(f"{address}/page/candidates")
    page.press(TAB)
    assert page.run("return document.activeElement.textContent") == "Skip to the content"
    page.press(ENTER, TAB)
    assert page.run("return document.activeElement.id") == "q"


def test_no_screen_is_wider_than_a_telephone(page: Browser, address: str) -> None:
    for width in (360, 1280):
        page.resize(width, 800)
        for path in SCREENS:
            page.open(address + path)
            assert page.run("return document.documentElement.scrollWidth") <= width, path


def test_texts_have_enough_contrast_in_light_and_dark(page: Browser, address: str) -> None:
    for scheme in ("light", "dark"):
        page.prefer(scheme)
        for path in SCREENS:
            page.open(address + path)
            assert page.run(LOW_CONTRAST) == [], (scheme, path)
    page.prefer("light")


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
