// SVG as text, so that the same charts are drawn in a browser and by the tool. What comes from outside is
// escaped here.
import { visible } from "./text";

export interface Attributes {
    [name: string]: string | number | undefined;
}

export function escaped(text: string): string {
    return visible(text)
        .replace(/&/g, "&amp;")
        .replace(/</g, "&lt;")
        .replace(/>/g, "&gt;")
        .replace(/"/g, "&quot;")
        .replace(/'/g, "&#39;");
}

/** Hundredths of a pixel are more than anybody sees. */
function written(value: string | number): string {
    return typeof value === "number" ? String(Math.round(value * 100) / 100) : escaped(value);
}

/** `content` is SVG already. */
export function tag(name: string, attributes: Attributes, content?: string): string {
    let text = "<" + name;
    for (const each in attributes) {
        const value = attributes[each];
        if (value !== undefined) text += " " + each + '="' + written(value) + '"';
    }
    return content === undefined ? text + "/>" : text + ">" + content + "</" + name + ">";
}

export function label(x: number, y: number, words: string, attributes: Attributes = {}): string {
    return tag("text", { x, y, ...attributes }, escaped(words));
}

/** Shown when the pointer rests on a mark, and read out. */
export function hint(words: string): string {
    return tag("title", {}, escaped(words));
}

/** In documents; on a page a chart is as wide as there is room. */
export const usualWidth = 720;

export interface Drawing {
    title: string;
    width: number;
    height: number;
    content: string;
}
