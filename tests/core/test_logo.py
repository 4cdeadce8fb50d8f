"""The logo can be judged without the report, so that `segkit check` finds what would stop a run."""

import pytest

from segkit.core.errors import SettingsError
from segkit.core.logo import LARGEST_LOGO, require_logo
from segkit.core.settings import Settings


def settings(logo):
    return Settings.model_validate({"company": {"logo": logo}})


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("missing.png", None, "company.logo = 'missing.png': there is no such file in the workspace"),
        ("logo.jpg", b"\xff\xd8\xff", "neither PNG nor SVG"),
        ("large.svg", b"<svg>" + b" " * LARGEST_LOGO, "too many"),
    ],
)
def test_logo_that_cannot_be_shown_is_refused(tmp_path, name, content, said):
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(SettingsError, match=said):
        require_logo(settings(name), tmp_path)


def test_logo_is_known_by_its_content(tmp_path):
    (tmp_path / "logo.txt").write_bytes(b"<?xml version='1.0'?><svg/>")
    assert require_logo(settings("logo.txt"), tmp_path) == ("svg+xml", b"<?xml version='1.0'?><svg/>")
    assert require_logo(settings(""), tmp_path) == ("", b"")
