"""The graph of a pipeline as a picture in a file: SVG, PNG, Mermaid, a page of HTML.

Made from the contract's snapshot alone: what is drawn is what the panel shows. Nothing here
looks at the project, and every text of it (names, paths, reasons) is escaped as text.
"""
