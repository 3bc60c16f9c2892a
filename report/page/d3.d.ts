// What the page uses of D3, whose packages in Debian come without declarations of their own.

declare module "d3-array" {
    export interface Bisector<Element> {
        left(array: Element[], value: number): number;
        right(array: Element[], value: number): number;
    }
    export function bisector<Element>(accessor: (element: Element) => number): Bisector<Element>;
}

declare module "d3-scale" {
    export interface ContinuousScale {
        (value: number): number;
        invert(place: number): number;
        domain(): number[];
        domain(values: number[]): this;
        range(): [number, number];
        range(ends: [number, number]): this;
        ticks(count?: number): number[];
    }
    export interface LogScale extends ContinuousScale {
        base(base: number): this;
    }
    export function scaleLinear(): ContinuousScale;
    export function scaleLog(): LogScale;
}

declare module "d3-shape" {
    export interface Path<Datum> {
        (data: Datum[]): string | null;
        x(place: (datum: Datum) => number): this;
    }
    export interface Line<Datum> extends Path<Datum> {
        y(place: (datum: Datum) => number): this;
    }
    export interface Area<Datum> extends Path<Datum> {
        y0(place: (datum: Datum) => number): this;
        y1(place: (datum: Datum) => number): this;
    }
    export function line<Datum>(): Line<Datum>;
    export function area<Datum>(): Area<Datum>;
}

declare module "d3-selection" {
    export interface Selection {
        call(what: (selection: Selection) => void): this;
    }
    export function select(element: unknown): Selection;
}

declare module "d3-zoom" {
    import { Selection } from "d3-selection";
    export interface ZoomTransform {
        k: number;
        x: number;
        y: number;
        translate(x: number, y: number): ZoomTransform;
        scale(factor: number): ZoomTransform;
        invertX(x: number): number;
        invertY(y: number): number;
    }
    type Box = [[number, number], [number, number]];
    export interface ZoomBehavior {
        (selection: Selection): void;
        scaleExtent(extent: [number, number]): this;
        extent(extent: Box): this;
        translateExtent(extent: Box): this;
        on(name: string, listener: () => void): this;
        transform(selection: Selection, transform: ZoomTransform): void;
        translateBy(selection: Selection, x: number, y: number): void;
        scaleBy(selection: Selection, factor: number): void;
    }
    export function zoom(): ZoomBehavior;
    export function zoomTransform(element: unknown): ZoomTransform;
    export const zoomIdentity: ZoomTransform;
}
