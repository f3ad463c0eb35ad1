"""Pages in a browser, where one is found."""

import functools
import html
import json
import re
import shutil
import subprocess
from pathlib import Path

BROWSERS = (
    "chromium",
    "chromium-browser",
    "google-chrome",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
)
ARGUMENTS = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-sync "
    "--disable-background-networking --disable-component-update --dump-dom"
).split()


@functools.cache
def found_browser() -> str | None:
    """The first browser that starts."""
    for name in BROWSERS:
        if path := shutil.which(name):
            command = [path, *ARGUMENTS, "about:blank"]
            done = subprocess.run(command, capture_output=True, timeout=120)
            if done.returncode == 0:
                return path
    return None


def in_browser(text: str, script: str, tmp_path: Path) -> list:
    """What a script that sets `answer`, a JSON, says when it runs at the end of a page.

    text : the page, a whole HTML file
    """
    page = tmp_path / "page.html"
    asks = (
        f"<script>{{ {script}"
        'const pre = document.createElement("pre");\npre.id = "answer";\n'
        "pre.textContent = answer;\ndocument.body.replaceChildren(pre); }</script></body>"
    )
    page.write_text(text.replace("</body>", asks), encoding="utf-8")
    command = [found_browser(), *ARGUMENTS, f"--user-data-dir={tmp_path}/profile", page.as_uri()]
    done = subprocess.run(command, capture_output=True, encoding="utf-8", timeout=120, check=True)
    found = re.search(r'<pre id="answer">(.*?)</pre>', done.stdout, re.DOTALL)
    assert found, f"The page has no answer; the browser says: {done.stderr[-500:]}"
    return json.loads(html.unescape(found[1]))
