// How the builder hands over an SVG file: as its text.
declare module '*.svg' {
  const value: string;
  export default value;
}
