// Checks the page, and makes of it what the program carries: page.html, all in one; charts.js, the charts
// alone for an engine of ECMAScript 5; and charts.css, how they look.
//
//     node build.mjs OUTPUT ESBUILD TSC MODULES
import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const [output, esbuild, tsc, modules] = process.argv.slice(2);
const here = dirname(fileURLToPath(import.meta.url));
const inHere = (name) => readFileSync(join(here, name), "utf8");

function run(command, ...options) {
    try {
        execFileSync(command, options, { cwd: here, env: { ...process.env, NODE_PATH: modules }, stdio: "pipe" });
    } catch (failed) {
        process.stderr.write(`${failed.stdout ?? ""}${failed.stderr ?? failed}`);
        process.exit(1);
    }
}

/** Nothing in it may look like the end of the element that it is put into. */
function within(element, text) {
    if (new RegExp(`</${element}`, "i").test(text)) throw new Error(`</${element} in what goes into ${element}`);
    return text;
}

mkdirSync(output, { recursive: true });
run(tsc, "--project", join(here, "tsconfig.json"));
run(tsc, "--project", join(here, "tsconfig.charts.json"));

const script = join(output, "page.js");
run(esbuild, "page.ts", "--bundle", "--minify", "--target=es2020", "--charset=utf8", "--format=iife", `--outfile=${script}`);
const style = join(output, "page.css");
writeFileSync(join(output, "all.css"), inHere("charts.css") + inHere("page.css"));
run(esbuild, join(output, "all.css"), "--minify", `--outfile=${style}`);
const parts = {
    style: within("style", readFileSync(style, "utf8").trim()),
    script: within("script", readFileSync(script, "utf8").trim()),
};
// A function, as "$&" in a replacing text would mean something.
writeFileSync(join(output, "page.html"), inHere("index.html").replace(/@(style|script)@/g, (_, name) => parts[name]));

const modern = join(output, "charts.modern.js");
run(esbuild, "charts.ts", "--bundle", "--format=iife", "--global-name=quartetCharts", "--target=es2020", `--outfile=${modern}`);
run(tsc, "--allowJs", "--target", "ES5", "--lib", "ES2020", "--outFile", join(output, "charts.js"), modern);
run(esbuild, join(here, "charts.css"), "--minify", `--outfile=${join(output, "charts.css")}`);
