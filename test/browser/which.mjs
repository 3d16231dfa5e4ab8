// Says which browser looks at the pages, or, loud, that none runs and what is then not checked.
import { start } from "./browser.mjs";

try {
  const browser = await start();
  console.error("the pages are looked at with " + (await browser.version()));
  await browser.close();
} catch (error) {
  console.error(`
  NOT CHECKED, since no browser runs here: that the page of caretaker alerts preview opens, draws every graph, in light
  and dark and on a phone, has no script error and asks nobody for anything. Install Chromium, or name one:
  CHROMIUM=/usr/bin/chromium make test
  ${error.message}
`);
}
