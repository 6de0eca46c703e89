"""The screens of candidates in Chromium: by mouse, by keyboard, and without scripts."""

from tests.support.browser import ARROW_LEFT, ENTER, TAB, Browser

PLACES = """
    const box = element => element.getBoundingClientRect();
    return [box(document.getElementById(arguments[0])).top, box(document.querySelector('.slider')).bottom];
"""
"""Where the target of a link begins and the slider ends, from the top of the window."""


def test_a_new_user_finds_in_three_clicks_why_a_rule_does_not_hold(page: Browser) -> None:
    page.follow("tbody a")
    page.wait_for("h1", "maria-1")
    page.type("#rule", "withdraw-promptly, offer/acme")
    page.follow("button:not(.quiet)")
    page.wait_for("h2", "offer/acme: does not hold")
    assert "if offer/acme stage were accepted" in page.text("details[open] .would")


def test_the_slider_does_not_cover_what_a_link_leads_to(page: Browser, address: str) -> None:
    for target in ("agenda", "not", "advice"):
        page.open(f"{address}/page/candidates/maria-1")
        page.click(f"a[href='#{target}']")
        top, bottom = page.run(PLACES, target)
        assert top >= bottom, target


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
        page.follow(".steps a")
        page.wait_for(".slider .tag", "history")
        page.follow(".slider form button")
        page.wait_for(".slider .tag", "history")
        page.follow(".steps a", 1)
        page.wait_for(".slider .tag", "now")
    finally:
        page.forbid_scripts(False)


def test_the_keyboard_reaches_everything_in_order(page: Browser, address: str) -> None:
    page.open(f"{address}/page/candidates")
    page.press(TAB)
    assert page.run("return document.activeElement.textContent") == "Skip to the content"
    page.press(ENTER, TAB)
    assert page.run("return document.activeElement.id") == "q"
