"""Android through pyjnius. NOT RUN ON A DEVICE: kept small, isolated and loaded only there.

The keystore wraps a random secret with an AES key that never leaves the hardware; the wrapped
secret lies in a file. Source: Android's "Android Keystore system" and BatteryManager references.
"""

import importlib
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from mobile_client.device.files import write_private
from mobile_client.device.linux import FilePicker, HomeStorage
from mobile_client.device.services import DeviceFault, DeviceServices, Fix
from shared.clock import Clock

_ALIAS: Final = "cairn-device"
_NONCE_BYTES: Final = 12
_ENCRYPT: Final = 1
_DECRYPT: Final = 2
_CAPACITY: Final = 4
"""BatteryManager.BATTERY_PROPERTY_CAPACITY."""
_FULL: Final = 100
_GRANT_READ: Final = 0x1
"""Intent.FLAG_GRANT_READ_URI_PERMISSION."""
_NEW_TASK: Final = 0x10000000
"""Intent.FLAG_ACTIVITY_NEW_TASK."""
_ABIS: Final = {"arm64-v8a": "arm64", "armeabi-v7a": "armv7"}


def _java(name: str) -> Any:
    return importlib.import_module("jnius").autoclass(name)


def _activity() -> Any:
    return _java("org.kivy.android.PythonActivity").mActivity


class AndroidBattery:
    """The system's battery manager."""

    def percent(self) -> int | None:
        """Return 0 to 100; None where the system does not say."""
        manager = _activity().getSystemService("batterymanager")
        percent = int(manager.getIntProperty(_CAPACITY))
        return percent if 0 <= percent <= _FULL else None


class AndroidKeystore:
    """A secret wrapped by a key in the phone's secure hardware."""

    hardware = True

    def __init__(self, path: Path) -> None:
        self._path = path

    def secret(self) -> bytes:
        """Return the secret, made at the first call."""
        if self._path.exists():
            sealed = self._path.read_bytes()
            parameters = _java("javax.crypto.spec.GCMParameterSpec")(128, sealed[:_NONCE_BYTES])
            return bytes(self._cipher(_DECRYPT, parameters).doFinal(sealed[_NONCE_BYTES:]))
        secret = os.urandom(32)
        cipher = self._cipher(_ENCRYPT)
        sealed = bytes(cipher.doFinal(secret))
        write_private(self._path, bytes(cipher.getIV()) + sealed)
        return secret

    def _cipher(self, mode: int, *parameters: object) -> Any:
        cipher = _java("javax.crypto.Cipher").getInstance("AES/GCM/NoPadding")
        cipher.init(mode, self._key(), *parameters)
        return cipher

    def _key(self) -> Any:
        store = _java("java.security.KeyStore").getInstance("AndroidKeyStore")
        store.load(None)
        if not store.containsAlias(_ALIAS):
            builder = _java("android.security.keystore.KeyGenParameterSpec$Builder")(
                _ALIAS, _ENCRYPT | _DECRYPT
            )
            builder.setBlockModes(["GCM"]).setEncryptionPaddings(["NoPadding"]).setKeySize(256)
            maker = _java("javax.crypto.KeyGenerator").getInstance("AES", "AndroidKeyStore")
            maker.init(builder.build())
            maker.generateKey()
        return store.getKey(_ALIAS, None)


class AndroidPosition:
    """The last known position of the system's providers, as fresh as they have it."""

    def __init__(self, clock: Clock, sleep: Callable[[float], None]) -> None:
        self._clock = clock
        self._sleep = sleep

    def fix(self, accuracy_m: float, timeout_s: float) -> Fix:
        """Return the first fix at least as accurate as asked, else the best in the time given."""
        manager = _activity().getSystemService("location")
        end_s = self._clock.monotonic_s() + timeout_s
        best: Fix | None = None
        while self._clock.monotonic_s() < end_s:
            for provider in ("gps", "network"):
                place = manager.getLastKnownLocation(provider)
                if place is None:
                    continue
                found = Fix(
                    float(place.getLatitude()),
                    float(place.getLongitude()),
                    float(place.getAltitude()),
                    float(place.getAccuracy()),
                )
                if best is None or found.accuracy_m < best.accuracy_m:
                    best = found
            if best is not None and best.accuracy_m <= accuracy_m:
                return best
            self._sleep(1.0)
        if best is None:
            raise DeviceFault("no position yet; switch location on, go under open sky, or type it")
        return best


class AndroidInstaller:
    """The system's package installer, asked by an intent; the person confirms there.

    Source: Android's "Intent.ACTION_VIEW" and "FileProvider" references. The app's manifest names
    the provider `<package>.fileprovider` and the permission REQUEST_INSTALL_PACKAGES.
    """

    def __init__(self) -> None:
        abi = str(_java("android.os.Build").SUPPORTED_ABIS[0])
        self.platform = f"android-{_ABIS.get(abi, abi)}"

    def install(self, path: Path) -> str:
        """Show the system's question whether to install the file."""
        activity, intent_class = _activity(), _java("android.content.Intent")
        file = _java("java.io.File")(str(path))
        provider = _java("androidx.core.content.FileProvider")
        uri = provider.getUriForFile(activity, f"{activity.getPackageName()}.fileprovider", file)
        intent = intent_class(intent_class.ACTION_VIEW)
        intent.setDataAndType(uri, "application/vnd.android.package-archive")
        intent.addFlags(_GRANT_READ | _NEW_TASK)
        activity.startActivity(intent)
        return ""


class AndroidMulticast:
    """Wi-Fi's multicast lock: without it Android drops mDNS answers to spare the battery.

    Needs the permission CHANGE_WIFI_MULTICAST_STATE in the app's manifest. Source: Android's
    WifiManager.MulticastLock reference.
    """

    @contextmanager
    def heard(self) -> Iterator[None]:
        """Hold the lock while the context lasts."""
        try:
            wifi = _activity().getApplicationContext().getSystemService("wifi")
            lock = wifi.createMulticastLock("cairn-hubs")
            lock.setReferenceCounted(False)
            lock.acquire()
        except Exception as error:  # Java's exceptions have no class of their own in pyjnius.
            raise DeviceFault(f"Wi-Fi does not let multicast through ({error})") from error
        try:
            yield
        finally:
            if lock.isHeld():
                lock.release()


def android_services(home: Path, clock: Clock, sleep: Callable[[float], None]) -> DeviceServices:
    """Return what an Android device offers; pictures are taken by the camera app and picked."""
    return DeviceServices(
        battery=AndroidBattery(),
        storage=HomeStorage(home),
        keystore=AndroidKeystore(home / "device.secret"),
        picker=FilePicker(),
        installer=AndroidInstaller(),
        position=AndroidPosition(clock, sleep),
        multicast=AndroidMulticast(),
    )
