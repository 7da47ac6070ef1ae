"""Results to look at: a page with a player, annotated pictures and videos, contact sheets, timelines.

::

    result = client.start_label_detection("street.mp4").result()
    write_html("street.html", result.labels, (), result.video_metadata, video="street.mp4")

Pages and timelines are text and need nothing but rekvid. Pictures, in `rekvid.report.pictures`, are read with PyAV and
drawn with Pillow: extra ``report``.
"""

from rekvid.report.colours import colour_of
from rekvid.report.page import to_html, write_html
from rekvid.report.plot import timeline_svg

__all__ = ["colour_of", "timeline_svg", "to_html", "write_html"]
