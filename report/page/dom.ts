// Elements of the page. Text goes in as text, never as markup.
import { Drawing, tag } from "./svg";
import { visible } from "./text";

export type Child = Node | string | null;

export function element<Name extends keyof HTMLElementTagNameMap>(
    name: Name, attributes: { [name: string]: string } = {}, ...children: Child[]
): HTMLElementTagNameMap[Name] {
    const made = document.createElement(name);
    for (const each of Object.keys(attributes)) made.setAttribute(each, attributes[each]!);
    for (const each of children) if (each !== null) made.append(typeof each === "string" ? visible(each) : each);
    return made;
}

export function button(words: string, action: () => void): HTMLButtonElement {
    const made = element("button", { type: "button" }, words);
    made.addEventListener("click", action);
    return made;
}

export interface Cell {
    text: string;
    /** Lines below it. */
    small?: string[];
    best?: boolean;
}

/**
 * The first cell of a row is its heading. Each cell knows the heading of its column, and all say what they are in a table:
 * a style may lay them out in another way (on a phone) without them ceasing to be one for a screen reader.
 */
export function table(caption: string, head: string[], rows: (string | Cell)[][], kind = ""): HTMLElement {
    const cellOf = (each: string | Cell, place: number) => {
        const cell: Cell = typeof each === "string" ? { text: each } : each;
        const made = place === 0 ? element("th", { scope: "row", role: "rowheader" }, cell.text)
            : element("td", { role: "cell", "data-column": head[place] ?? "", ...(cell.best ? { class: "best" } : {}) }, cell.text);
        for (const each of cell.small ?? []) made.append(element("small", {}, each));
        return made;
    };
    const rowOf = (...cells: HTMLElement[]) => element("tr", { role: "row" }, ...cells);
    const made = element("table", { role: "table", ...(kind ? { class: kind } : {}) }, caption ? element("caption", {}, caption) : null);
    if (head.length > 0)
        made.append(element("thead", { role: "rowgroup" }, rowOf(...head.map((each) => element("th", { scope: "col", role: "columnheader" }, each)))));
    made.append(element("tbody", { role: "rowgroup" }, ...rows.map((row) => rowOf(...row.map(cellOf)))));
    return element("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": caption || "table" }, made);
}

/** A chart with its title, and the figures behind it. */
export function chart(drawing: Drawing, behind: HTMLElement | null): HTMLElement {
    const holder = element("div", {});
    holder.innerHTML = tag("svg", {
        viewBox: `0 0 ${drawing.width} ${Math.ceil(drawing.height)}`,
        width: drawing.width,
        class: "chart",
        role: "img",
        "aria-label": drawing.title,
    }, drawing.content);
    const details = behind === null ? null : element("details", {}, element("summary", {}, "the figures"), behind);
    return element("figure", {}, element("figcaption", {}, drawing.title), holder, details);
}
