"""Tests of the HTML page in a real browser: Debian's `chromium` and `chromium-driver`, led by Selenium.

Axe, where `SEGEVAL_AXE` names its `axe.min.js`, looks for what people with other eyes and hands would stumble over.
"""

import base64
import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

pytest.importorskip("jinja2", reason="the extra `report` is not installed")
webdriver = pytest.importorskip("selenium.webdriver", reason="selenium is not installed")
By = pytest.importorskip("selenium.webdriver.common.by").By
CHROMIUM, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
if not (CHROMIUM and DRIVER):
    pytest.skip("chromium and chromium-driver are not installed", allow_module_level=True)

pytestmark = pytest.mark.slow
LONG = "a_class_with_a_name_that_is_rather_long_and_has_<b>tags</b>"


@pytest.fixture(scope="session")
def address(tmp_path_factory) -> str:
    """A page with everything: a baseline, rules, probabilities, photographs, and sections of every kind."""
    from click.testing import CliRunner

    from segeval.cli.main import cli

    folder = tmp_path_factory.mktemp("page")
    random = np.random.default_rng(0)
    for n in range(12):
        truth = np.kron(random.integers(0, 4, (6, 8)), np.ones((10, 10), int)).astype(np.uint8)
        for name, wrong in (("before", 0.02), ("now", 0.06 + 0.03 * (n % 3))):
            pred = np.where(random.random(truth.shape) < wrong, random.integers(0, 4, truth.shape), truth)
            sure = 0.1 + 0.6 * (pred == np.arange(4)[:, None, None])
            (folder / name).mkdir(exist_ok=True)
            np.save(folder / name / f"img{n:02}.npy", sure + random.uniform(-0.05, 0.05, sure.shape))
        _save(folder / "truth" / f"img{n:02}.png", truth)
        _save(folder / "photos" / f"img{n:02}.png", np.repeat(truth[..., None] * 60, 3, axis=2))
    (folder / "classes.csv").write_text(f'id,name\n0,background\n1,cat\n2,dog\n3,"{LONG}"\n')

    def run(*args):
        found = CliRunner().invoke(cli, [*args, "--isolated"])
        assert found.exit_code == 0, found.output

    for name in ("before", "now"):
        path = str(folder / name)
        classes = ["--classes", str(folder / "classes.csv"), "--losses", "dice,focal"]
        every = ["--metrics", "all", "--instances", "components", "--logits"]
        run("score", path, str(folder / "truth"), *classes, *every, "-o", str(folder / f"run-{name}"))
    plain = ["--pred", str(folder / "now"), "--truth", str(folder / "truth")]
    run("report", str(folder / "run-now"), *plain, "-o", str(folder / "plain.html"), "--resamples", "500")
    masks = [*plain, "--images", str(folder / "photos")]
    rules = ["-r", "miou_dataset >= 0.2", "-r", "iou[*] drop <= 0.5", "--baseline", str(folder / "run-before")]
    few = ["--percent", "--resamples", "500"]
    run("report", str(folder / "run-now"), *masks, *rules, "-o", str(folder / "page.html"), *few)
    board = ["--names", f"{LONG},b", "--report", str(folder / "rank.html"), "--resamples", "500"]
    run("rank", str(folder / "run-now"), str(folder / "run-before"), *board)
    return f"file://{folder}/page.html"


def _save(path: Path, pixels: np.ndarray) -> None:
    path.parent.mkdir(exist_ok=True)
    Image.fromarray(pixels).save(path)


@pytest.fixture(scope="session")
def browser() -> Iterator:
    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM
    flags = ["headless", "disable-gpu", "no-first-run", "disable-background-networking", "disable-component-update"]
    flags += ["disable-sync", "force-color-profile=srgb", "proxy-server=http://127.0.0.1:9"]
    flags += ["proxy-bypass-list=<-loopback>", *(["no-sandbox"] if os.geteuid() == 0 else [])]
    for flag in flags:
        options.add_argument(f"--{flag}")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(DRIVER))
    try:
        yield driver
    finally:
        driver.quit()


@pytest.fixture
def opened(browser, address):
    """Open the page, as wide, dark or without script as asked; nothing may be logged or fetched."""

    def opened(width=1200, dark=False, script=True, page="page"):
        size = {"width": width, "height": 800, "deviceScaleFactor": 1, "mobile": False}
        scheme = [{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}]
        browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
        browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": scheme})
        browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": not script})
        browser.get("about:blank")
        browser.get_log("browser"), browser.get_log("performance")
        browser.get(address.replace("page.html", f"{page}.html"))
        return browser

    yield opened
    assert browser.get_log("browser") == []
    asked = [entry["message"] for entry in browser.get_log("performance")]
    fetched = [each for each in asked if "Network.requestWillBeSent" in each and '"url":"http' in each]
    assert fetched == []


def column(browser, table, n):
    rows = browser.find_elements(By.CSS_SELECTOR, f"#{table} tbody:first-of-type tr")
    return [row.find_elements(By.CSS_SELECTOR, "td,th")[n].text for row in rows]


def test_a_table_is_sorted(opened):
    """By a click on a head, up and then down, and said to screen readers."""
    browser = opened()
    head = browser.find_element(By.CSS_SELECTOR, "#image-table thead th:nth-child(2) button")
    head.click()
    assert column(browser, "image-table", 1) == sorted(column(browser, "image-table", 1))
    assert head.find_element(By.XPATH, "..").get_attribute("aria-sort") == "ascending"
    head.send_keys(webdriver.Keys.ENTER)
    assert column(browser, "image-table", 1) == sorted(column(browser, "image-table", 1), reverse=True)
    assert head.find_element(By.XPATH, "..").get_attribute("aria-sort") == "descending"


def test_images_are_found_by_name(opened):
    browser = opened()
    browser.find_element(By.ID, "images-find").send_keys("IMG03")
    assert [text for text in column(browser, "image-table", 0) if text] == ["img03"]
    assert browser.find_element(By.ID, "images-count").text == "1 of 12"


def visible(browser, layer):
    picture = browser.find_element(By.CSS_SELECTOR, f".card img.{layer}")
    return picture.value_of_css_property("visibility") == "visible"


def test_layers_by_key_and_click(opened):
    """1 errors, 2 truth, 3 prediction, 4 the photograph alone; not while somebody types."""
    browser = opened()
    for key, layer in (("2", "truth"), ("3", "prediction"), ("1", "errors"), ("4", "")):
        webdriver.ActionChains(browser).send_keys(key).perform()
        assert [each for each in ("errors", "truth", "prediction") if visible(browser, each)] == [layer] * bool(layer)
    browser.find_element(By.CSS_SELECTOR, "label[for=layer-truth]").click()
    assert visible(browser, "truth")
    browser.find_element(By.ID, "gallery-find").send_keys("1")
    assert visible(browser, "truth")


@pytest.mark.parametrize("page", ["page", "plain"])
def test_what_is_asked_for_lies_on_top(opened, page):
    """Of photographs as of the true mask in grey, also in the large view."""
    browser = opened(page=page)
    point = """const box = document.querySelector(arguments[0]).getBoundingClientRect();
    return document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2).className"""
    for key, layer in (("2", "truth"), ("3", "prediction"), ("1", "errors")):
        browser.execute_script("document.querySelector('.card .stack').scrollIntoView()")
        webdriver.ActionChains(browser).send_keys(key).perform()
        assert layer in browser.execute_script(point, ".card .stack").split()
        browser.find_element(By.CSS_SELECTOR, ".card .stack").click()
        assert layer in browser.execute_script(point, "#large .stack").split()
        webdriver.ActionChains(browser).send_keys(webdriver.Keys.ESCAPE).perform()


def shown_cards(browser):
    cards = browser.find_elements(By.CSS_SELECTOR, ".card")
    return [card.get_attribute("data-id") for card in cards if not card.get_attribute("hidden")]


def test_the_gallery_is_filtered_and_ordered(opened):
    browser = opened()
    every = shown_cards(browser)
    browser.find_element(By.CSS_SELECTOR, "#gallery-tag option:last-child").click()
    assert 0 < len(shown_cards(browser)) < len(every)
    browser.find_element(By.CSS_SELECTOR, "#gallery-tag option:first-child").click()
    browser.find_element(By.CSS_SELECTOR, "#gallery-order option[value=invented]").click()
    cards = browser.find_elements(By.CSS_SELECTOR, ".card")
    values = [float(card.get_attribute("data-invented")) for card in cards]
    assert values == sorted(values)
    assert sorted(shown_cards(browser)) == sorted(every)


def test_a_picture_is_enlarged_and_closed(opened):
    browser = opened()
    stack = browser.find_element(By.CSS_SELECTOR, ".card .stack")
    stack.send_keys(webdriver.Keys.ENTER)
    large = browser.find_element(By.ID, "large")
    assert large.is_displayed()
    assert large.find_element(By.TAG_NAME, "img").size["width"] > stack.size["width"]
    webdriver.ActionChains(browser).send_keys(webdriver.Keys.ESCAPE).perform()
    assert not large.is_displayed()


def test_a_chart_is_enlarged_with_its_caption(opened):
    """By a key and by a click; the copy has no id of the original."""
    browser = opened()
    large = browser.find_element(By.ID, "large")
    charts = browser.find_elements(By.CSS_SELECTOR, "#diagrams .zoom")
    assert len(charts) == 5 + 4
    browser.find_elements(By.CSS_SELECTOR, "#diagrams .enlarge")[1].send_keys(webdriver.Keys.ENTER)
    assert re.fullmatch(r"background ECE \d+\.\d\d %", large.find_element(By.TAG_NAME, "figcaption").text)
    assert large.find_element(By.TAG_NAME, "svg").size["width"] > 2 * charts[1].size["width"]
    assert large.find_elements(By.CSS_SELECTOR, "[id]:not(#large-place)") == []
    webdriver.ActionChains(browser).send_keys(webdriver.Keys.ESCAPE).perform()
    charts[-1].click()
    assert LONG in large.find_element(By.TAG_NAME, "figcaption").text


def test_a_cell_of_the_heat_map_names_its_images(opened):
    """By a click; one stop of the Tab key, and arrows inside."""
    browser = opened()
    assert len(browser.find_elements(By.CSS_SELECTOR, "#heat td[tabindex='0']")) == 1
    browser.find_elements(By.CSS_SELECTOR, "#heat tbody tr")[1].find_elements(By.TAG_NAME, "td")[2].click()
    panel = browser.find_element(By.ID, "behind")
    assert panel.text.startswith("Truth cat, prediction dog: ")
    link = panel.find_element(By.CSS_SELECTOR, "a")
    card = browser.find_element(By.CSS_SELECTOR, link.get_attribute("href").partition("#")[2].join(["#", ""]))
    assert card.get_attribute("data-id") == link.text
    webdriver.ActionChains(browser).send_keys(
        webdriver.Keys.ARROW_DOWN, webdriver.Keys.END, webdriver.Keys.ENTER
    ).perform()
    assert panel.text.startswith(f"Truth dog, prediction {LONG}: ")
    assert len(browser.find_elements(By.CSS_SELECTOR, "#heat td[tabindex='0']")) == 1


@pytest.mark.parametrize(("page", "dark"), [("page", False), ("page", True), ("rank", False)])
def test_nothing_sticks_out_of_a_narrow_window(opened, page, dark):
    """At 400 pixels only boxes that scroll are wider."""
    browser = opened(400, dark, page=page)
    odd = browser.execute_script(
        """return [...document.querySelectorAll('body *')].filter((e) => e.getClientRects().length &&
        e.getBoundingClientRect().right > innerWidth + 1 && !e.closest('.scroll, dialog, .skip')).map((e) => e.outerHTML
        .slice(0, 99))"""
    )
    assert odd == []


def test_without_script(opened):
    """Tables, pictures and layers are there; what needs the script is not."""
    browser = opened(script=False)
    assert len(shown_cards(browser)) == 12
    assert not any(each.is_displayed() for each in browser.find_elements(By.CSS_SELECTOR, ".controls, .with-script"))
    browser.find_element(By.CSS_SELECTOR, "label[for=layer-prediction]").click()
    assert visible(browser, "prediction")
    assert browser.find_elements(By.CSS_SELECTOR, "th button") == []


def test_print(opened):
    """A PDF of several pages."""
    pdf = opened().execute_cdp_cmd("Page.printToPDF", {"printBackground": True})["data"]
    assert base64.b64decode(pdf).startswith(b"%PDF")


@pytest.mark.parametrize("page", ["page", "rank"])
@pytest.mark.parametrize(("width", "dark"), [(1200, False), (1200, True), (400, False)])
def test_axe_finds_nothing_serious(opened, width, dark, page):
    axe = os.environ.get("SEGEVAL_AXE")
    if not axe:
        pytest.skip("SEGEVAL_AXE names no axe.min.js")
    browser = opened(width, dark, page=page)
    browser.execute_script("document.querySelectorAll('details').forEach((each) => { each.open = true; })")
    browser.execute_script(Path(axe).read_text(encoding="utf-8"))
    found = browser.execute_async_script("const done = arguments[0]; axe.run().then((r) => done(r.violations))")
    assert [(v["id"], v["nodes"][0]["html"]) for v in found if v["impact"] in ("serious", "critical")] == []
