"""The report in a real browser: what its script offers works, nothing leaves the page, and without scripts it is whole."""

import shutil

import matplotlib.pyplot as plt
import numpy as np
import pytest

from experiments.common.outcome import Verdict
from experiments.common.views import Banks, Points
from experiments.report import page, views

webdriver = pytest.importorskip("selenium.webdriver")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not shutil.which("chromium") or not shutil.which("chromedriver"), reason="no Chromium is installed"
    ),
]


def entry():
    rng = np.random.default_rng(0)
    filters = {f"k = {k}": rng.normal(size=(20, 6, 6)) for k in (40, 25, 10)}
    places = rng.normal(size=(12, 2))
    names = [f"class {i % 3}" for i in range(12)]
    images, colors = rng.uniform(size=(12, 5, 5)), ["#0072B2"] * 12
    codes = Points({"PCA": places, "autoencoder": -places}, ("first", "second"), names, images, colors)
    figure, ax = plt.subplots()
    ax.plot([1, 2, 3], [10, 100, 1000], label="measured")
    ax.plot([1, 2, 3], [20, 200, 2000], "--", label="published")
    ax.set(xlabel="index", ylabel="singular value", yscale="log", title="spectrum")
    plt.close(figure)
    rows = [{"model": name, "error": value} for name, value in (("b", 2.5), ("c", 10.0), ("a", 1.0))]
    shown = [*map(views.as_data, (Banks("k", filters), codes)), *views.curves(figure)]
    verdicts = [Verdict("one is less", "one < two", "1, 2", True)]
    about = {"verdicts": verdicts, "seconds": {"total": 1.0}, "views": shown}
    return page.Entry("codes_2d", "a claim", "a paper", table=rows, **about)


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    directory = tmp_path_factory.mktemp("report")
    return page.write(directory, page.facts("quick"), [entry()], []).as_uri()


def opened(report, *arguments, scripts=True):
    options = webdriver.ChromeOptions()
    for argument in (
        "--headless=new",
        "--no-sandbox",
        "--disable-dev-shm-usage",
        "--window-size=1200,1000",
        *arguments,
    ):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    if not scripts:
        options.add_experimental_option("prefs", {"profile.managed_default_content_settings.javascript": 2})
    service = webdriver.ChromeService(executable_path=shutil.which("chromedriver"))
    driver = webdriver.Chrome(options=options, service=service)
    driver.implicitly_wait(5)
    driver.get(report)
    return driver


@pytest.fixture(scope="module")
def driver(report):
    driver = opened(report)
    yield driver
    driver.quit()


def find(driver, selector):
    return driver.find_elements("css selector", selector)


def pointer(driver, place, x, y, kind):
    """Send a pointer to a place of an element, in shares of its size."""
    program = """
        const [element, x, y, kind] = arguments, box = element.getBoundingClientRect();
        const place = {bubbles: true, clientX: box.left + x * box.width, clientY: box.top + y * box.height};
        element.dispatchEvent(new MouseEvent(kind, place));
    """
    driver.execute_script(program, place, x, y, kind)


def press(driver, place, key):
    program = "arguments[0].dispatchEvent(new KeyboardEvent('keydown', {key: arguments[1], bubbles: true}))"
    driver.execute_script(program, place, key)


def test_a_heading_sorts_the_table_both_ways(driver):
    heading = find(driver, ".numbers th button")[1]
    column = "return [...document.querySelectorAll('.numbers tbody tr')].map(row => row.cells[0].textContent.trim())"
    heading.click()
    assert driver.execute_script(column) == ["a", "b", "c"]
    heading.click()
    assert driver.execute_script(column) == ["c", "b", "a"]
    assert find(driver, ".numbers th")[1].get_attribute("aria-sort") == "descending"


def test_the_slider_swaps_the_bank_and_a_click_follows_one_unit(driver):
    bank, slider = find(driver, "[data-view] canvas")[0], find(driver, "[data-view] input")[0]
    pixels = "return arguments[0].toDataURL()"
    first = driver.execute_script(pixels, bank)
    slider.send_keys("\ue014")  # the right arrow key
    assert find(driver, "[data-view] output")[0].text == "k = 25"
    assert driver.execute_script(pixels, bank) != first
    pointer(driver, bank, 0.35, 0.75, "click")  # the fourth column of ten, the second row of two
    assert "Unit 13 over k" in find(driver, "[data-view] p.quiet")[0].text
    press(driver, bank, "ArrowLeft")
    assert "Unit 12 over k" in find(driver, "[data-view] p.quiet")[0].text
    assert [caption.text for caption in find(driver, "[data-view] .strip figcaption")[:3]] == [
        "k = 40",
        "k = 25",
        "k = 10",
    ]


def test_the_picture_of_the_nearest_code_is_shown(driver):
    codes = find(driver, "[data-view]")[1]
    canvas, said = codes.find_elements("css selector", "canvas")[0], codes.find_element("css selector", "p.quiet")
    places = np.random.default_rng(0)
    places.normal(size=(3, 20, 6, 6))
    places = places.normal(size=(12, 2))
    share = (places - places.min(axis=0)) / np.ptp(places, axis=0)
    for chosen in (3, 8):
        x, y = (12 + share[chosen] * 396) / 420
        pointer(driver, canvas, x, 1 - y, "pointermove")
        assert said.text == f"class {chosen % 3}, picture {chosen}"
    press(driver, canvas, "ArrowRight")
    assert said.text == "class 0, picture 9"


def test_curves_say_their_values_and_are_put_away(driver):
    view = find(driver, "[data-view]")[2]
    drawing, said = view.find_element("css selector", "svg"), view.find_element("css selector", ".values")
    pointer(driver, drawing, 0.53, 0.5, "pointermove")
    assert said.text == "measured: 100 at 2; published: 200 at 2"
    view.find_elements("css selector", ".lines button")[1].click()
    pointer(driver, drawing, 0.95, 0.5, "pointermove")
    assert said.text == "measured: 1000 at 3"
    hidden = "return [...arguments[0].querySelectorAll('g')].map(group => group.style.display)"
    assert driver.execute_script(hidden, view) == ["", "none"]


def test_nothing_leaves_the_page_and_nothing_goes_wrong(driver):
    fetched = driver.execute_script("return performance.getEntriesByType('resource').map(entry => entry.name)")
    assert [name for name in fetched if not name.startswith("data:")] == []
    assert [line for line in driver.get_log("browser") if line["level"] == "SEVERE"] == []


def test_a_telephone_needs_no_sideways_scrolling(driver):
    driver.set_window_size(500, 900)
    wide = driver.execute_script("return document.documentElement.scrollWidth - document.documentElement.clientWidth")
    driver.set_window_size(1200, 1000)
    assert wide <= 0


def test_without_scripts_the_tables_stand_and_no_empty_view_does(report):
    driver = opened(report, scripts=False)
    try:
        assert [cell.text for cell in find(driver, ".numbers tbody td")][:2] == ["b", "2.5"]
        assert not any(view.is_displayed() for view in find(driver, "[data-view]"))
    finally:
        driver.quit()


def test_a_dark_page_has_light_letters(report):
    driver = opened(report, "--blink-settings=preferredColorScheme=0")
    try:
        colors = "const s = getComputedStyle(document.body); return [s.color, s.backgroundColor]"
        ink, paper = (sum(map(int, c[4:-1].split(","))) for c in driver.execute_script(colors))
        assert ink > 600 > 200 > paper
    finally:
        driver.quit()
