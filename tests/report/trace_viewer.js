// Reads a trace with the importer of chrome://tracing, and tells what it found in it, as JSON.
//
//     node trace_viewer.js build/npm/node_modules/traceviewer trace.json
//
// The package is catapult's trace viewer. It asks a script for Python 2 where its parts are, so they are named
// here.
"use strict";

const fs = require("fs");
const path = require("path");

const [home, file] = process.argv.slice(2);
const print = console.log;
console.log = console.warn = console.error; // the importer has its say there
require(path.resolve(home, "catapult_build/node_bootstrap.js"));
const parts = ["tracing", "tracing/third_party", "tracing/third_party/gl-matrix/dist"];
global.HTMLImportsLoader.addArrayToSourcePath(parts.map((part) => path.resolve(home, part)));
for (const each of ["importer/import", "model/model", "extras/importer/trace_event_importer"])
    global.HTMLImportsLoader.loadHTML(`/tracing/${each}.html`);

const model = new global.tr.Model();
new global.tr.importer.Import(model).importTraces([fs.readFileSync(file, "utf8")]);

function told(of) {
    const threads = Object.values(of.threads);
    return {
        name: of.name,
        pid: of.pid,
        slices: Object.fromEntries(threads.map((each) => [each.name ?? each.tid, each.sliceGroup.slices.length])),
        asynchronous: threads.reduce((sum, each) => sum + each.asyncSliceGroup.slices.length, 0),
        counters: Object.values(of.counters).map((each) => each.name),
    };
}

print(JSON.stringify({
    warnings: model.importWarnings.map((each) => each.message),
    processes: Object.values(model.processes).map(told),
}));
