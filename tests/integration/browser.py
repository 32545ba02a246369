#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""
browser.py - a headless Chromium that a test controls by commands, through chromedriver's W3C
WebDriver protocol. The browser keeps the state, so each command can be a process of its own.

  browser.py DRIVER_PORT FILE open URL          start a session, store its id in FILE, load URL
  browser.py DRIVER_PORT FILE js CODE           run CODE as the body of a function, print its value as JSON
  browser.py DRIVER_PORT FILE wait TENTHS CODE  the same, repeated until the value is true
  browser.py DRIVER_PORT FILE click CSS         click the middle of the first visible match
  browser.py DRIVER_PORT FILE type CSS TEXT     replace the text of a field
  browser.py DRIVER_PORT FILE keys NAME...      press keys: Tab, Enter, Escape, Space, Down, or a character
  browser.py DRIVER_PORT FILE view WIDTH HEIGHT dark|light   set the size of the window and the colour scheme
  browser.py DRIVER_PORT FILE shot PNG          write a picture of the whole page to the file PNG
  browser.py DRIVER_PORT FILE console           print errors and warnings of the console; status 1 if there are any
  browser.py DRIVER_PORT FILE unnamed           print controls and regions without a name; status 1 if there are any
  browser.py DRIVER_PORT FILE faint             print texts with less contrast than 4.5 (3 if large); status 1 if any
  browser.py DRIVER_PORT FILE close             end the session
"""
import base64
import json
import os
import sys
import time
import urllib.error
import urllib.request

KEYS = {"Tab": "\ue004", "Enter": "\ue007", "Escape": "\ue00c", "Space": " ", "Down": "\ue015"}
ELEMENT = "element-6066-11e4-a52e-4f735466cecf"
# Roles of the accessibility tree that a screen reader announces by their names.
NAMED_ROLES = {"button", "textbox", "searchbox", "combobox", "spinbutton", "region", "table", "img", "image", "meter",
               "dialog", "link", "checkbox", "radio", "form"}

# Returns visible texts whose colour has too little contrast with their background (WCAG 2.2,
# 1.4.3), except those of disabled elements and in SVG.
FAINT = """
const parse = (color) => color.match(/[\\d.]+/g).map(Number);
const light = ([r, g, b]) => [r, g, b].map((c) => c / 255).map((c) => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
  .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
const behind = (element) => {
  for (; element; element = element.parentElement) {
    const color = parse(getComputedStyle(element).backgroundColor);
    if (color.length < 4 || color[3] > 0) return color;
  }
  return [255, 255, 255];
};
const faint = [];
const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
for (let node; (node = walker.nextNode());) {
  const element = node.parentElement, style = getComputedStyle(element);
  if (!node.textContent.trim() || !element.checkVisibility() || element.closest(":disabled, noscript, script, svg")) continue;
  const [a, b] = [light(parse(style.color)), light(behind(element))].sort((x, y) => y - x);
  const large = parseFloat(style.fontSize) >= 24 || (parseFloat(style.fontSize) >= 18.66 && style.fontWeight >= 700);
  const ratio = (a + 0.05) / (b + 0.05);
  if (ratio < (large ? 3 : 4.5)) faint.push(`${ratio.toFixed(2)} ${element.id || element.className || element.nodeName}: ${node.textContent.trim()}`);
}
return faint;
"""


class Browser:
    def __init__(self, driver_port, path):
        self.base, self.path = f"http://127.0.0.1:{driver_port}", path
        self.session = open(path, encoding="ascii").read() if os.path.exists(path) else ""

    def send(self, method, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.base + path, data, {"Content-Type": "application/json"}, method=method)
        try:
            with urllib.request.urlopen(request, timeout=60) as response:
                return json.load(response)["value"]
        except urllib.error.HTTPError as error:
            raise SystemExit(json.load(error)["value"]["message"].split("\n")[0]) from None

    def ask(self, path, body):
        return self.send("POST", f"/session/{self.session}/{path}", body)

    def devtools(self, command, **params):
        return self.ask("goog/cdp/execute", {"cmd": command, "params": params})

    def open(self, url):
        options = {"args": ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
                            "--force-device-scale-factor=1", "--hide-scrollbars", "--no-first-run",
                            "--disable-background-networking", "--window-size=1440,1000"]}
        value = self.send("POST", "/session", {"capabilities": {"alwaysMatch": {
            "browserName": "chrome", "goog:chromeOptions": options, "goog:loggingPrefs": {"browser": "ALL"}}}})
        self.session = value["sessionId"]
        with open(self.path, "w", encoding="ascii") as file:
            file.write(self.session)
        # Sums up the layout shifts that no input has caused, and lists the elements that moved.
        self.devtools("Page.addScriptToEvaluateOnNewDocument", source="""
            window.testShift = 0; window.testShifts = [];
            new PerformanceObserver((list) => { for (const entry of list.getEntries()) if (!entry.hadRecentInput) {
              window.testShift += entry.value;
              window.testShifts.push(...entry.sources.map((s) => s.node && (s.node.id || s.node.className || s.node.nodeName))); } })
              .observe({type: "layout-shift", buffered: true});""")
        self.ask("url", {"url": url})

    def run_js(self, code):
        return self.ask("execute/sync", {"script": code, "args": []})

    def wait(self, tenths, code):
        end = time.monotonic() + int(tenths) * 0.1 * float(os.environ.get("WEFT_SLOW", "1"))
        while not self.run_js(code):
            if time.monotonic() > end:
                raise SystemExit(f"not true in time: {code}")
            time.sleep(0.1)

    def find(self, css):
        found = self.ask("elements", {"using": "css selector", "value": css})
        for element in found:
            if self.send("GET", f"/session/{self.session}/element/{element[ELEMENT]}/displayed"):
                return element[ELEMENT]
        raise SystemExit(f"{css}: no visible element")

    def click(self, css):
        self.ask(f"element/{self.find(css)}/click", {})

    def type(self, css, text):
        element = self.find(css)
        self.ask(f"element/{element}/clear", {})
        if text:
            self.ask(f"element/{element}/value", {"text": text})

    def keys(self, *names):
        actions = []
        for name in names:
            key = KEYS.get(name, name)
            actions += [{"type": "keyDown", "value": key}, {"type": "keyUp", "value": key}]
        self.ask("actions", {"actions": [{"type": "key", "id": "keyboard", "actions": actions}]})

    def view(self, width, height, scheme):
        self.devtools("Emulation.setDeviceMetricsOverride", width=int(width), height=int(height), deviceScaleFactor=1,
                      mobile=False)
        self.devtools("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])

    def shot(self, path):
        self.run_js("window.scrollTo(0, 0)")  # so that the header is at the top
        size = self.devtools("Page.getLayoutMetrics")["cssContentSize"]
        picture = self.devtools("Page.captureScreenshot", captureBeyondViewport=True, clip={
            "x": 0, "y": 0, "width": size["width"], "height": size["height"], "scale": 1})
        with open(path, "wb") as file:
            file.write(base64.b64decode(picture["data"]))

    def console(self):
        return [entry["message"] for entry in self.ask("se/log", {"type": "browser"})
                if entry["level"] in ("SEVERE", "WARNING")]

    def unnamed(self):
        nodes = self.devtools("Accessibility.getFullAXTree")["nodes"]
        return [node["role"]["value"] + " " + str(node.get("backendDOMNodeId")) for node in nodes
                if not node["ignored"] and node["role"]["value"] in NAMED_ROLES
                and not node.get("name", {}).get("value", "").strip()]

    def faint(self):
        return self.run_js(FAINT)

    def close(self):
        self.send("DELETE", f"/session/{self.session}")
        os.unlink(self.path)


def main():
    browser, command, args = Browser(sys.argv[1], sys.argv[2]), sys.argv[3], sys.argv[4:]
    if command == "js":
        print(json.dumps(browser.run_js(args[0])))
        return 0
    result = getattr(browser, command)(*args)
    for line in result or []:
        print(line)
    return bool(result)


if __name__ == "__main__":
    sys.exit(main())
