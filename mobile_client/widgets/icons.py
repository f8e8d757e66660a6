"""Icons by what they mean here: Material Design Icons 7.4.47 by Pictogrammers (Apache 2.0).

`assets/build_assets.py` reads this table to keep only these glyphs in the bundled font.
"""

from typing import Final

ICONS: Final[dict[str, str]] = {
    "back": "\U000f004d",  # arrow-left
    "forward": "\U000f0054",  # arrow-right
    "previous": "\U000f0141",  # chevron-left
    "next": "\U000f0142",  # chevron-right
    "down": "\U000f0140",  # chevron-down
    "up": "\U000f0143",  # chevron-up
    "check": "\U000f012c",  # check
    "close": "\U000f0156",  # close
    "plus": "\U000f0415",  # plus
    "minus": "\U000f0374",  # minus
    "radio_off": "\U000f043d",  # radiobox-blank
    "radio_on": "\U000f043e",  # radiobox-marked
    "box_off": "\U000f0131",  # checkbox-blank-outline
    "box_on": "\U000f0132",  # checkbox-marked
    "identity": "\U000f088f",  # shield-account
    "shield": "\U000f099d",  # shield-lock
    "lock": "\U000f033e",  # lock
    "unlock": "\U000f0fc6",  # lock-open-variant
    "show": "\U000f0208",  # eye
    "hide": "\U000f0209",  # eye-off
    "person": "\U000f0b55",  # account-circle-outline
    "person_add": "\U000f0014",  # account-plus
    "form": "\U000f0a38",  # clipboard-text-outline
    "draft": "\U000f0dc9",  # file-document-edit-outline
    "ready": "\U000f03d7",  # package-variant-closed
    "handed_over": "\U000f011d",  # tray-arrow-up
    "received": "\U000f05e0",  # check-circle
    "edit": "\U000f03eb",  # pencil
    "remove": "\U000f0a7a",  # trash-can-outline
    "offline": "\U000f0164",  # cloud-off-outline
    "online": "\U000f12cc",  # cloud-check-variant-outline
    "stick": "\U000f129f",  # usb-flash-drive-outline
    "hub": "\U000f0002",  # access-point-network
    "server": "\U000f048d",  # server-network
    "sync": "\U000f04e6",  # sync
    "calendar": "\U000f0e18",  # calendar-month-outline
    "clock": "\U000f0150",  # clock-outline
    "position": "\U000f01a4",  # crosshairs-gps
    "pin": "\U000f034e",  # map-marker
    "camera": "\U000f0100",  # camera
    "image": "\U000f0976",  # image-outline
    "image_add": "\U000f087c",  # image-plus
    "folder": "\U000f0dcf",  # folder-open-outline
    "qr": "\U000f0432",  # qrcode
    "qr_scan": "\U000f0433",  # qrcode-scan
    "barcode": "\U000f0072",  # barcode-scan
    "listen": "\U000f057e",  # volume-high
    "language": "\U000f05ca",  # translate
    "settings": "\U000f08bb",  # cog-outline
    "light": "\U000f05a8",  # white-balance-sunny
    "dark": "\U000f0594",  # weather-night
    "sun": "\U000f050e",  # theme-light-dark
    "text_size": "\U000f027f",  # format-size
    "search": "\U000f0349",  # magnify
    "jump": "\U000f0756",  # format-list-checks
    "more": "\U000f01d9",  # dots-vertical
    "warning": "\U000f0026",  # alert
    "error": "\U000f0028",  # alert-circle
    "info": "\U000f02fd",  # information-outline
    "done": "\U000f05e1",  # check-circle-outline
    "help": "\U000f0625",  # help-circle-outline
    "refused": "\U000f182d",  # hand-back-right-outline
    "consent": "\U000f157e",  # hand-heart-outline
    "drag": "\U000f01db",  # drag
    "move_up": "\U000f005d",  # arrow-up
    "move_down": "\U000f0045",  # arrow-down
    "home": "\U000f06a1",  # home-outline
    "battery": "\U000f0079",  # battery
    "battery_low": "\U000f007b",  # battery-20
    "storage": "\U000f02ca",  # harddisk
    "signature": "\U000f0f49",  # draw
    "thumbprint": "\U000f0237",  # fingerprint
    "guardian": "\U000f138c",  # human-male-child
    "group": "\U000f0b58",  # account-group-outline
    "key": "\U000f0dd6",  # key-outline
    "flag": "\U000f023d",  # flag-outline
    "wait": "\U000f051f",  # timer-sand
    "receipt": "\U000f13aa",  # ticket-confirmation-outline
    "copy": "\U000f018f",  # content-copy
    "enter": "\U000f0311",  # keyboard-return
    "empty": "\U000f1274",  # inbox-outline
    "erase": "\U000f0b5c",  # backspace-outline
    "progress": "\U000f0995",  # progress-check
    "unanswered": "\U000f0766",  # circle-outline
    "answered": "\U000f05e0",  # check-circle
    "refresh": "\U000f0450",  # refresh
    "undo": "\U000f054c",  # undo
    "device": "\U000f04f6",  # tablet
    "skip": "\U000f04ad",  # skip-next
    "zoom_in": "\U000f0415",  # plus
    "zoom_out": "\U000f0374",  # minus
    "conflict": "\U000f062c",  # source-branch
    "panic": "\U000f0241",  # flash
    "case": "\U000f0b9c",  # folder-account-outline
}

MIRRORED: Final[dict[str, str]] = {
    "back": "forward",
    "forward": "back",
    "previous": "next",
    "next": "previous",
}
"""Icons that point along the reading direction, and what stands for them right to left."""
