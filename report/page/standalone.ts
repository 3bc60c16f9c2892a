// A chart as a file of its own, for documents: with its title, and colours for light and dark surroundings.
import { Drawing, escaped, tag } from "./svg";

export function standalone(drawing: Drawing, style: string): string {
    const header = 40;
    const height = drawing.height + header;
    const attributes = {
        xmlns: "http://www.w3.org/2000/svg",
        viewBox: `0 0 ${drawing.width} ${Math.ceil(height)}`,
        width: drawing.width,
        height: Math.ceil(height),
        role: "img",
        "aria-label": drawing.title,
        class: "chart",
    };
    const content =
        `<style>${style}</style>` +
        tag("rect", { class: "paper", width: drawing.width, height: Math.ceil(height) }) +
        tag("text", { class: "title", x: 16, y: 26 }, escaped(drawing.title)) +
        tag("g", { transform: `translate(0 ${header})` }, drawing.content);
    return tag("svg", attributes, content) + "\n";
}
