// A page in a frame of its own, as a widget of a notebook; the numbers in the page and in Python follow each other.
export default {
  render({ model, el }) {
    const frame = document.createElement("iframe");
    frame.setAttribute("sandbox", "allow-scripts"); frame.title = "A network that learns"; frame.style.cssText = model.get("look"); frame.srcdoc = model.get("html");
    const tell = message => frame.contentWindow?.postMessage(message, "*"), ink = () => tell({ ink: getComputedStyle(frame).color });
    frame.onload = () => { ink(); tell({ theta: model.get("theta") }); };
    frame.ontransitionrun = () => setTimeout(ink, 99);
    const heard = ({ source, data }) => { if (source === frame.contentWindow && data.theta) { model.set("theta", data.theta); model.save_changes(); } };
    addEventListener("message", heard);
    model.on("msg:custom", tell);
    el.append(frame);
    return () => { removeEventListener("message", heard); model.off("msg:custom", tell); };
  },
};
