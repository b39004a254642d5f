// --- the theme: that of the notebook around the page, once it has told the colour of its text -------------------------

const darkRules = new Set();
let dark = null; // whether it is; null before the notebook has told
function themed() { // also of a picture that came later
  for (const rule of [...document.styleSheets].flatMap(sheet => [...sheet.cssRules])) if (rule.media?.mediaText.includes("prefers-color-scheme: dark")) darkRules.add(rule);
  if (dark !== null) for (const rule of darkRules) rule.media.mediaText = dark ? "all" : "not all";
}
addEventListener("message", ({ data, source }) => {
  if (source !== parent || !CSS.supports("color", data?.ink) || document.documentElement.className) return; // or it has one of its own
  const brush = document.createElement("canvas").getContext("2d");
  brush.fillStyle = data.ink; brush.fillRect(0, 0, 1, 1); // whatever notation the colour has
  const [red, green, blue] = brush.getImageData(0, 0, 1, 1).data;
  dark = red + green + blue > 382;
  document.documentElement.style.colorScheme = dark ? "dark" : "light";
  themed();
});
