#!/usr/bin/python3
"""look.py CHROMIUM PAGES [DIR]: every page in a real browser, as people get it.

Each *.html of PAGES is opened by headless Chromium at the widths of a desk, a tablet and a telephone,
dark, and as it is printed; pictures and PDFs go to DIR, if it is given.  Fails when anything is loaded from elsewhere, the
console complains, something is wider than the place it stands in, or text of a chart lies over other text.  Speaks the DevTools protocol over a pipe: nothing listens, and no module is needed.
"""
import base64, json, os, shutil, subprocess, sys, tempfile, time

WIDTHS = {"desk": (1280, 900), "tablet": (820, 1180), "phone": (390, 844)}

# What sticks out of what: of elements that hold text or pictures, the right edge against the page's.
SEEN = """(() => {
  const page = document.documentElement, wide = page.clientWidth, bad = [];
  if (page.scrollWidth > wide) bad.push('the page is ' + page.scrollWidth + ' wide, the window ' + wide);
  for (const e of document.body.querySelectorAll('*')) {
    const s = getComputedStyle(e), r = e.getBoundingClientRect();
    if (r.width === 0 || s.visibility === 'hidden') continue;
    let scrolls = e.parentElement;
    while (scrolls && getComputedStyle(scrolls).overflowX !== 'auto') scrolls = scrolls.parentElement;
    if (r.right > wide + 1 && !scrolls) bad.push(e.tagName + '.' + e.className + ' ends at ' + r.right);
    if (e instanceof HTMLElement && s.display !== 'inline' && s.overflowX === 'visible' &&
        e.scrollWidth > e.clientWidth + 1 && e.clientWidth > 0)
      bad.push(e.tagName + '.' + e.className + ' holds ' + e.scrollWidth + ' in ' + e.clientWidth);
  }
  const cells = [...document.querySelectorAll('svg text')].map(e => [e, e.getBoundingClientRect()])
    .filter(([e, r]) => r.width > 0);
  cells.forEach(([e, a], i) => cells.slice(i + 1).forEach(([f, b]) => {
    if (e.ownerSVGElement === f.ownerSVGElement && a.right > b.left + 1 && b.right > a.left + 1 &&
        a.bottom > b.top + 2 && b.bottom > a.top + 2)
      bad.push('"' + e.textContent + '" lies over "' + f.textContent + '"');
  }));
  return [...new Set(bad)].slice(0, 8);
})()"""


class Browser:
    def __init__(self, program, home):
        ours, theirs = os.pipe(), os.pipe()

        def give():
            a, b = os.dup(ours[0]), os.dup(theirs[1])
            os.dup2(a, 3), os.dup2(b, 4)

        self.child = subprocess.Popen(
            [program, "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
             "--no-first-run", "--hide-scrollbars", f"--user-data-dir={home}", "--remote-debugging-pipe"],
            preexec_fn=give, close_fds=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            env={**os.environ, "HOME": home})
        os.close(ours[0]), os.close(theirs[1])
        self.to, self.of, self.rest, self.n = ours[1], theirs[0], b"", 0
        self.session, self.events = None, []

    def read(self):
        while b"\0" not in self.rest:
            got = os.read(self.of, 1 << 20)
            if not got:
                sys.exit("look: Chromium ended by itself")
            self.rest += got
        one, self.rest = self.rest.split(b"\0", 1)
        return json.loads(one)

    def ask(self, method, **params):
        self.n += 1
        call = {"id": self.n, "method": method, "params": params}
        if self.session:
            call["sessionId"] = self.session
        os.write(self.to, json.dumps(call).encode() + b"\0")
        while True:
            said = self.read()
            if said.get("id") == self.n:
                assert "error" not in said, (method, said)
                return said["result"]
            self.events.append(said)

    def wait(self, method):
        while not any(e.get("method") == method for e in self.events):
            self.events.append(self.read())

    def open(self):
        target = self.ask("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Network", "Log", "Runtime"):
            self.ask(domain + ".enable")


    def close(self):
        """Its processes end after the first one: only that one can be waited for."""
        try:
            os.write(self.to, b'{"id":0,"method":"Browser.close"}\0')
            self.child.wait(10)
        except (OSError, subprocess.TimeoutExpired):
            self.child.kill()
            self.child.wait()


def remove(home):
    for _ in range(50):
        shutil.rmtree(home, ignore_errors=True)
        if not os.path.exists(home):
            return
        time.sleep(0.1)  # somebody of it still writes


def complaints(events, url):
    for e in events:
        p = e.get("params", {})
        if e.get("method") == "Network.requestWillBeSent" and p["request"]["url"] != url:
            yield "loads " + p["request"]["url"]
        if e.get("method") == "Log.entryAdded":
            yield "the console says: " + p["entry"]["text"]


def look(b, path, to):
    name = os.path.splitext(os.path.basename(path))[0]
    url = "file://" + path
    bad = []

    def size(width, height, scale=1):
        b.ask("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=scale,
              mobile=False)

    def media(kind, scheme="light"):
        b.ask("Emulation.setEmulatedMedia", media=kind,
              features=[{"name": "prefers-color-scheme", "value": scheme}])

    def picture(suffix, tallest=6000):
        if not to:
            return
        tall = b.ask("Page.getLayoutMetrics")["cssContentSize"]
        data = b.ask("Page.captureScreenshot", captureBeyondViewport=True, clip={
            "x": 0, "y": 0, "width": tall["width"], "height": min(tall["height"], tallest), "scale": 1})
        with open(f"{to}/{name}.{suffix}.png", "wb") as f:
            f.write(base64.b64decode(data["data"]))

    media("screen")
    size(1280, 900)
    b.events.clear()
    b.ask("Page.navigate", url=url)
    b.wait("Page.loadEventFired")
    bad += complaints(b.events, url)
    for kind, (width, height) in WIDTHS.items():
        size(width, height)
        bad += [f"{kind}: {w}" for w in b.ask("Runtime.evaluate", expression=SEEN,
                                             returnByValue=True)["result"]["value"]]
        picture(kind)
    size(1280, 900)
    media("screen", "dark")
    picture("dark", 2400)
    media("print")
    size(673, 950)  # what A4 leaves between its margins, at 96 dots an inch
    bad += [f"print: {w}" for w in b.ask("Runtime.evaluate", expression=SEEN,
                                        returnByValue=True)["result"]["value"]]
    if not to:
        return bad
    pdf = b.ask("Page.printToPDF", preferCSSPageSize=True, printBackground=True)
    with open(f"{to}/{name}.pdf", "wb") as f:
        f.write(base64.b64decode(pdf["data"]))
    return bad


def main(program, pages, to=None):
    if to:
        os.makedirs(to, exist_ok=True)
    names = sorted(n for n in os.listdir(pages) if n.endswith(".html"))
    assert names, "there is no page in " + pages
    failed = 0
    home = tempfile.mkdtemp(prefix="custos-look-")
    b = Browser(program, home)
    try:
        b.open()
        for n in names:
            bad = look(b, os.path.join(os.path.abspath(pages), n), to)
            print(f"{n}: " + ("good" if not bad else "\n  ".join([""] + bad).lstrip("\n")))
            failed += bool(bad)
    finally:
        b.close()
        remove(home)
    sys.exit(1 if failed else 0)


main(*sys.argv[1:])
