// Opens a page in one view or several, and says as JSON, a list, what a person would see of it:
//   node look.mjs FILE 1280x900,light 390x800,dark,picture.png,section
// A view is a size, a colour scheme, a picture to draw, and a selector of the element that is drawn; the last two may
// be left out. Without a selector the picture is as high as the view.
import { pathToFileURL } from "node:url";
import { resolve } from "node:path";
import { start } from "./browser.mjs";

const [file, ...views] = process.argv.slice(2);
let browser;
try {
  browser = await start();
} catch (error) {
  console.error(error.message);
  process.exit(3); // no browser: the caller says what was not looked at
}

// see looks at the page from inside.
function see() {
  // The colour of the axes is that of the pixels near the left edge.
  const canvases = Array.from(document.querySelectorAll("canvas")).map((canvas) => {
    const pixels = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
    let drawn = 0, brightness = 0, axis = 0;
    for (let at = 0; at < pixels.length; at += 4) {
      if (pixels[at + 3] === 0) continue;
      drawn++;
      if ((at / 4) % canvas.width < 40 * devicePixelRatio && pixels[at + 3] > 200) {
        brightness += (pixels[at] + pixels[at + 1] + pixels[at + 2]) / 3;
        axis++;
      }
    }
    const card = canvas.closest(".widget");
    const back = getComputedStyle(card).backgroundColor.match(/\d+/g).map(Number);
    return { title: card.querySelector("h3").textContent, drawn, width: canvas.clientWidth, axis: axis ? brightness / axis : -1, back: (back[0] + back[1] + back[2]) / 3 };
  });
  const boxes = Array.from(document.querySelectorAll(".widget")).map((card) => ({ of: card.textContent.trim().slice(0, 40), box: card.getBoundingClientRect() }));
  const over = (a, b) => a.left < b.right - 1 && b.left < a.right - 1 && a.top < b.bottom - 1 && b.top < a.bottom - 1;
  const overlap = boxes.flatMap((a, at) => boxes.slice(at + 1).filter((b) => over(a.box, b.box)).map((b) => a.of + " and " + b.of));
  const wide = document.documentElement.scrollWidth - document.documentElement.clientWidth;
  return { canvases, metrics: document.querySelectorAll(".widget.metric").length, wide, overlap, text: document.body.innerText };
}

const address = pathToFileURL(resolve(file)).href;
const found = [];
for (const view of views) {
  const [size, scheme, picture, selector] = view.split(",");
  const [width, height] = size.split("x").map(Number);
  const page = await browser.newPage();
  const requests = [];
  const errors = [];
  page.on("request", (request) => requests.push(request.url()));
  page.on("pageerror", (error) => errors.push(String(error)));
  page.on("console", (message) => {
    if (message.type() === "error") errors.push(message.text());
  });
  await page.setViewport({ width, height, deviceScaleFactor: width < 500 && picture ? 2 : 1 });
  await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: scheme }]);
  await page.goto(address, { waitUntil: "load" });
  const seen = await page.evaluate(see);
  if (picture) {
    const what = selector ? await page.$(selector) : page;
    await what.screenshot({ path: picture });
  }
  await page.close();
  found.push({ ...seen, errors, requests: requests.filter((url) => url !== address && !url.startsWith("data:")) });
}
await browser.close();
console.log(JSON.stringify(found));
