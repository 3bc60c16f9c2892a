// Text for people: names without what could hide or reorder them, and figures with three digits.

/** Control characters, and those that turn the direction of text around, would not be seen, or mislead. */
const unseen = /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]/g;

/** The same text with a sign for each character that is not to be seen: <U+202E>. */
export function visible(text: string): string {
    return text.replace(unseen, (found) => {
        const code = found.charCodeAt(0);
        if (code === 10 || code === 9 || code === 13) return " ";
        return "\u2039U+" + ("000" + code.toString(16).toUpperCase()).slice(-4) + "\u203a";
    });
}

/** 0.0123, 1.23, 12.3, 123, 1230: three digits. */
export function threeDigits(value: number): string {
    if (value === 0) return "0";
    const digits = Math.floor(Math.log(Math.abs(value)) / Math.LN10 + 1e-9);
    return value.toFixed(Math.min(20, Math.max(0, 2 - digits)));
}

export function seconds(value: number): string {
    const size = Math.abs(value);
    if (size >= 0.9995 || value === 0) return threeDigits(value) + " s";
    if (size >= 0.9995e-3) return threeDigits(value * 1e3) + " ms";
    if (size >= 0.9995e-6) return threeDigits(value * 1e6) + " \u00b5s";
    return threeDigits(value * 1e9) + " ns";
}

const byteUnits = ["B", "KiB", "MiB", "GiB", "TiB"];

export function bytes(value: number): string {
    let unit = 0;
    while (value >= 1023.5 && unit + 1 < byteUnits.length) {
        value /= 1024;
        ++unit;
    }
    return (unit === 0 ? value.toFixed(0) : threeDigits(value)) + " " + byteUnits[unit];
}

/** 12 345 with thin spaces. */
export function count(value: number): string {
    return value.toFixed(0).replace(/\B(?=(\d{3})+$)/g, "\u202f");
}

/** A number without more digits than it has. */
export function plain(value: number): string {
    return String(Number(value.toPrecision(3)));
}

export function percent(share: number): string {
    return (100 * share).toFixed(share < 0.0995 && share > 0 ? 1 : 0) + "\u202f%";
}

/** "1 task", "2 tasks". */
export function counted(number: number, what: string): string {
    return count(number) + " " + what + (number === 1 ? "" : "s");
}
