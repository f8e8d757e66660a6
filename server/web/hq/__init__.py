"""The HQ site: holds signed releases of one or more missions; no key and no row.

`library` keeps and checks what was pulled, `sources` fetches it, `views` turns a release into what
a page shows, `charts` draws it as SVG, `app` serves it. Rule REL-025, HQ-001.. in release.md.
"""
