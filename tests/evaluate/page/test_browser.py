"""The page in a real browser, without a screen."""

import json
import shutil

import pytest

from rerankkit.evaluate.page.payload import payload
from rerankkit.evaluate.page.writing import write_report

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
DRIVER = shutil.which("chromedriver")

CONTRAST = """
const linear = (part) => (part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4);
const light = (rgb) => rgb.slice(0, 3).reduce((sum, c, i) => sum + linear(c / 255) * [0.2126, 0.7152, 0.0722][i], 0);
const parse = (text) => text.match(/[\\d.]+/g).map(Number);
const behind = (node) => {
  for (let one = node; one; one = one.parentElement) {
    const found = parse(getComputedStyle(one).backgroundColor);
    if (found.length < 4 || found[3] > 0) return found;
  }
};
const poor = [];
let seen = 0;
for (const node of document.querySelectorAll("body *")) {
  const own = [...node.childNodes].some((child) => child.nodeType === 3 && child.data.trim());
  if (!own || !node.getClientRects().length || node.disabled || node.tagName === "OPTION") continue;
  const style = getComputedStyle(node), drawing = node.closest("svg");
  const pair = [light(parse(drawing ? style.fill : style.color)), light(behind(drawing?.parentElement ?? node))];
  const [dark, bright] = pair.sort((x, y) => x - y);
  seen += 1;
  if ((bright + 0.05) / (dark + 0.05) < 4.5) poor.push(`${node.tagName} ${node.textContent.slice(0, 30)}`);
}
return [seen > 20, poor];
"""
"""The texts whose contrast with what is behind them is below 4.5, as WCAG 2 counts it."""
UNNAMED = """
return [...document.querySelectorAll("button, select, input, summary, [tabindex='0']")]
  .filter((node) => node.offsetParent)
  .filter((node) => !(node.textContent.trim() || node.getAttribute("aria-label") || node.labels?.length))
  .map((node) => node.outerHTML.slice(0, 80));
"""


@pytest.fixture(scope="module")
def browser():
    webdriver = pytest.importorskip("selenium.webdriver", reason="selenium, of the dev extra, drives the browser")
    if not CHROMIUM or not DRIVER:
        pytest.skip("no chromium and chromedriver: apt install chromium chromium-driver")
    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM
    for argument in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(DRIVER))
    yield driver
    driver.quit()


NOTHING_MORE = {"queries": None, "documents": None, "teacher": None, "timings": {}, "learning": []}


class Page:
    """The report opened, with the few words that the tests speak."""

    def __init__(self, browser, path, width=1280, dark=False):
        self.browser = browser
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.command("Emulation.setEmulatedMedia", features=[scheme])
        self.command(
            "Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=width < 600
        )
        browser.get_log("browser")
        browser.get(path.as_uri())

    def command(self, name, **parameters):
        self.browser.execute_cdp_cmd(name, parameters)

    def run(self, script):
        return self.browser.execute_script(script)

    def one(self, selector):
        return self.browser.find_element("css selector", selector)

    def text(self, selector):
        return self.run(f"return document.querySelector({json.dumps(selector)}).textContent")

    def press(self, *keys):
        from selenium.webdriver import ActionChains, Keys

        actions = ActionChains(self.browser, duration=0)
        for key in keys:
            actions.send_keys(getattr(Keys, key))
        actions.perform()

    def choose(self, name, label):
        from selenium.webdriver.support.select import Select

        Select(self.one(f"#queries select[data-state={name}]")).select_by_visible_text(label)


@pytest.fixture
def opened(browser, material, tmp_path):
    """Opens the report of the material with these changes."""

    def go(width=1280, dark=False, **changes):
        given = material(**changes)
        write_report(given, payload(given), tmp_path / "report.html")
        return Page(browser, tmp_path / "report.html", width, dark)

    return go


@pytest.mark.parametrize("changes", [{}, NOTHING_MORE])
def test_no_errors_no_network_and_texts_stay_texts(opened, changes):
    page = opened(**changes)
    page.one(".rows button").click()
    assert page.browser.get_log("browser") == []
    assert page.run("return performance.getEntriesByType('resource').length") == 0
    assert page.browser.title == "bert <new>.txt and rm3.txt against bm25.txt"
    assert page.run("return document.querySelectorAll('img, iframe, main b').length") == 0
    hidden = page.run("return ['cost', 'teacher', 'learning'].map((id) => document.getElementById(id).hidden)")
    assert hidden == [bool(changes)] * 3


def test_the_tables_numbers_are_those_of_the_data(opened):
    page = opened()
    rows = page.run("""
        const read = (row) => [...row.querySelectorAll("data")].map((one) => Number(one.value));
        const all = (body) => [...body.querySelectorAll("tr")].slice(2);
        return [...document.querySelectorAll("#comparison tbody")].flatMap((body) => all(body)
          .map((row) => [body.dataset.measure, row.querySelector("th").textContent, ...read(row)]));
    """)
    fields = "system_mean difference low high p_t p_t_holm p_randomisation p_randomisation_holm effect_size"
    names = [*fields.split(), "wins", "ties", "losses", "detectable"]
    record = json.loads(page.text("#data"))
    expected = {
        (one["measure"], record["systems"][one["system"]]): [one[name] for name in names] for one in record["outcomes"]
    }
    assert {(measure, run): values for measure, run, *values in rows} == expected
    assert len(rows) == 6
    shown = page.run("return [...document.querySelectorAll('#forest .numbers td')].map((cell) => cell.textContent)")
    assert shown[:4] == ["+0.1234", "+0.0111", "+0.2222", "0.0987"]


def test_learning_curves_are_drawn_and_told_in_numbers(opened):
    page = opened()
    heads = page.run("return [...document.querySelectorAll('#learning h3')].map((one) => one.textContent)")
    assert heads == ["bert <b>new</b>: training loss", "bert <b>new</b>: nDCG@10 on dev"]
    cells = page.run("""
        const row = (one) => [...one.cells].map((cell) => cell.textContent);
        return [...document.querySelector("#learning table").rows].map(row);
    """)
    assert cells == [
        ["step", "loss", "margin_mse"],
        ["10", "0.9000", "0.7000"],
        ["20", "0.5000", "–"],
        ["30", "0.2500", "0.1250"],
    ]
    assert "Kept: step 30, 0.6250; the dashed line is the first stage’s 0.5000." in page.text("#learning")
    drawn = page.run("""
        const plots = [...document.querySelectorAll("#learning .plot svg")];
        return plots.map((one) => one.querySelectorAll(".curve").length);
    """)
    assert drawn == [2, 2]


def test_a_click_opens_the_documents_before_and_after(opened):
    page = opened()
    assert page.text("#tally").endswith("better in 2, worse in 1, equal in 0 of 3 queries")
    page.one('.rows button[data-query="0"]').click()
    assert page.text("#sheet-head") == "red </script><script>document.title='broken'</script> fish"
    lists = page.run("""
        const told = (item) => item.querySelector(".meta").textContent;
        return [...document.querySelectorAll("#sheet .docs")].map((list) => [...list.children].map(told));
    """)
    assert lists == [
        ["grade 0↓ 2 to 3b", "grade 3↑ 1 to 1a", "grade 1↑ 1 to 2c", "unjudgedgone: not in the run afterx"],
        ["grade 3↑ 1 from 2a", "grade 1↑ 1 from 3c", "grade 0↓ 2 from 1b"],
    ]
    assert page.text("#sheet .docs .title") == "A title"
    marked = "return [...document.querySelectorAll('.snippet mark')].slice(0, 4).map((one) => one.textContent)"
    assert page.run(marked) == ["Red", "fish", "red", "script"]
    page.one("#sheet-close").click()
    assert not page.run("return document.getElementById('sheet').open")


def test_it_is_read_by_keyboard_alone(opened):
    page = opened()
    page.press("TAB")
    assert page.run("return document.activeElement.textContent") == "Skip to the content"
    assert page.run("return getComputedStyle(document.activeElement).outlineStyle") == "solid"
    page.press("ENTER")
    assert page.run("return document.activeElement.id") == "content"
    page.run("document.getElementById('bars').focus()")
    first = page.one("#bars").get_attribute("aria-valuetext")
    page.press("ARROW_RIGHT")
    second = page.one("#bars").get_attribute("aria-valuetext")
    assert first.startswith("2 “quotes")
    assert second.startswith("1 “red </script>")
    page.press("END", "ENTER")
    assert page.text("#sheet .values").startswith("nDCG@10")
    assert page.text("#sheet-head") == "שלום עולם"
    page.press("ARROW_LEFT")
    assert page.text("#sheet-head").startswith("red")
    page.press("ESCAPE")
    assert not page.run("return document.getElementById('sheet').open")
    assert page.run("return document.activeElement.id") == "bars"
    assert page.run(UNNAMED) == []


def test_run_measure_order_and_search_are_chosen(opened):
    page = opened()
    page.choose("system", "rm3.txt")
    assert "rm3.txt by nDCG@10: better in 0, worse in 1, equal in 2" in page.text("#tally")
    page.choose("measure", "RR@10")
    assert page.run("return document.querySelector('#forest select').value") == "1"
    page.choose("order", "largest loss first")
    assert page.text(".rows .qid") == "q<3>"
    page.one("#find").send_keys("quotes")
    assert page.text(".rows .qid") == "2"
    page.one("#find").send_keys(" nowhere")
    assert page.text("#tally").endswith("of 0 queries")
    assert page.browser.get_log("browser") == []


def test_light_and_dark_by_the_system_and_by_the_button(opened):
    paper = "return getComputedStyle(document.documentElement).backgroundColor"
    light, dark = "rgb(251, 251, 249)", "rgb(19, 21, 25)"
    assert opened().run(paper) == light
    page = opened(dark=True)
    assert page.run(paper) == dark
    for label, colour in (("light", light), ("dark", dark), ("as the system", dark)):
        page.one("#theme").click()
        assert (page.text("#theme"), page.run(paper)) == (f"Theme: {label}", colour)


@pytest.mark.parametrize("dark", [False, True])
def test_the_texts_stand_out(opened, dark):
    page = opened(dark=dark)
    page.run("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
    assert page.run(CONTRAST) == [True, []]
    page.one(".rows button").click()
    assert page.run(CONTRAST) == [True, []]


def test_a_phone_scrolls_in_one_direction(opened):
    page = opened(width=390)
    page.run("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
    assert page.run("return [innerWidth, document.documentElement.scrollWidth]") == [390, 390]
    page.one(".rows button").click()
    sheet = page.run("const s = document.getElementById('sheet'); return [s.clientWidth, s.scrollWidth]")
    assert sheet == [390, 390]


def test_figures_have_words(opened):
    page = opened()
    words = "(one) => one.getAttribute('aria-label')"
    labels = page.run(f"return [...document.querySelectorAll('.plot svg[role=img]')].map({words})")
    assert len(labels) == 9
    forest = "nDCG@10, difference from bm25.txt: bert <new>.txt +0.1234 (+0.0111 to +0.2222); rm3.txt −0.1234 ("
    assert labels[0].startswith(forest)
    assert any(label.startswith("nDCG by depth. At k ") for label in labels)


def test_queries_that_are_not_held_say_so(opened):
    from rerankkit.evaluate.page.lists import Limits

    page = opened(limits=Limits(queries=1))
    page.one('.rows button[data-query="0"]').click()
    assert "holds the documents of the 1 query that changed most only" in page.text("#sheet .note")
