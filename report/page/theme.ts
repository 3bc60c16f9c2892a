// Light or dark: what the reader's system has, until somebody chooses otherwise.

const dark = matchMedia("(prefers-color-scheme: dark)");

/** The one rule with the dark colours; it holds where its media do. */
function darkRule(): CSSMediaRule | undefined {
    for (const sheet of Array.from(document.styleSheets))
        for (const rule of Array.from(sheet.cssRules))
            if (rule instanceof CSSMediaRule && rule.media.mediaText.includes("prefers-color-scheme")) return rule;
    return undefined;
}

const rule = darkRule();
let chosen: boolean | null = null;

/** To the other one, from what is shown. */
export function switchTheme(): void {
    chosen = !(chosen ?? dark.matches);
    if (rule) rule.media.mediaText = chosen ? "all" : "not all";
    document.documentElement.style.colorScheme = chosen ? "dark" : "light";
}

export function onThemeOfSystem(changed: () => void): void {
    dark.addEventListener("change", changed);
}
