"""The loss panels: a graph that scrolls past the playhead, fast where training is passed over, slow where it is heard.

Left of the playhead lies what training has reached, right of it, faintly, what is to come. Grid and ticks are part of
its tiles and move with the curve; the numbers beneath it do so in a row of their own. A mark stays on the checkpoint
that is heard. Towards the end of training the graph comes to rest and the playhead glides on to the right, so that at
the end the whole of it is seen. This module does not know where the positions come from.
"""

from __future__ import annotations

import math
from functools import lru_cache, partial
from typing import Annotated, ClassVar, Final, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from pipeline.picture.drawing.blend import blend_box, blend_discs, blend_mask, blend_spans, discs, fade
from pipeline.picture.drawing.canvas import stroke
from pipeline.picture.drawing.easing import glide, smoothstep
from pipeline.picture.drawing.planes import Planes
from pipeline.picture.drawing.tile_cache import TileCache
from pipeline.picture.panels.graphs.checkpoint_mark import CheckpointMark, Spot
from pipeline.picture.panels.graphs.graph_ticks import logged_ticks, loss_ticks, with_end
from pipeline.picture.panels.graphs.legend import LegendEntry, draw_legend
from pipeline.picture.panels.graphs.loss_curve import Series, loss_axis, make_curve, time_axis
from pipeline.picture.panels.graphs.loss_words import loss_text, title_for
from pipeline.picture.panels.graphs.overlaid import LinePen, curve_names, overlaid_curves
from pipeline.picture.panels.graphs.tick_lane import TickLane
from pipeline.picture.panels.panel import RenderContext, ScenePanel, TextSprite
from pipeline.picture.panels.settings import PanelSettings, PixelBox, Share, Size, Words, even
from pipeline.picture.panels.sound.waveform import EDGE_RAMP
from pipeline.picture.plotting.loss_columns import ColumnCurve
from pipeline.picture.plotting.number_style import number_style
from pipeline.picture.plotting.ticks import Tick, choose_ticks
from pipeline.picture.plotting.training_mean import SMOOTH
from pipeline.runtime.wording.units import BITS_PER_BYTE

UPCOMING_OPACITY: Final = 0.28
BLUR_FROM_PX: Final = 1.5  # slower than this, frames are sharp
BLUR_FULL_PX: Final = 8.0  # from this speed on, what moves past during a frame is averaged
TITLE_LINES: Final = 1.5  # height of the row above the graph, in type sizes
LEGEND_LINES: Final = 1.35  # and of a second row, for the other networks' names
LABEL_LINES: Final = 1.6  # and of the row below
DASH_LINES: Final = 4.0  # length of a dash, and of the gap after it, in widths of the line
SPIKES: Final = 0.04  # of a band's columns: what reaches further is covered, if need be, by the label of the mark
FADE_PX: Final = 0.012  # of the frame's width: the graph's soft left edge


class LossGraphSettings(PanelSettings):
    """A loss graph, scrolling past the playhead."""

    word_fields: ClassVar[frozenset[str]] = frozenset({"title", "time_title", "heard"})

    kind: Literal["training_loss", "validation_loss"]
    title: Words = ""
    """What stands above it."""
    time: Literal["linear", "log"] = "linear"
    """Its axis of iterations."""
    loss: Literal["linear", "log", "fitted"] = "fitted"
    """`fitted` is logarithmic above a floor that gives late training, the longest part of the film, its room."""
    window: Annotated[float, Field(ge=0.02, le=4)] = 1.0
    """How much of the whole time axis the graph shows at once."""
    playhead: Annotated[float, Field(ge=0.05, le=0.95)] | None = None
    """Where now is, a share of the graph's width; by default in line with the other panels, as far as it reaches."""
    text: Size = 0.028
    """Size of the type, a share of the frame's height."""
    gutter: Share = 0.05
    """Room for the loss axis's labels at the left, a share of the frame's width."""
    overlay: bool = True
    """Draw the other sections' curves beneath."""
    legend: bool = True
    """Name the overlaid curves."""
    legend_rows: Annotated[int, Field(ge=1, le=2)] = 1
    """2 gives the overlaid curves' names a row of their own, where there are any."""
    tick_labels: bool = True
    """Write numbers along the axis of iterations."""
    time_title: Words = "{{ words.scene.iteration }}"
    """What the numbers along the time axis count."""
    heard: Words = "{{ words.scene.heard_now }}"
    """What stands beside the mark on the checkpoint that is heard."""
    heard_label: bool = True
    """Whether these words and its loss stand there; the mark alone, where another graph of the same loss has them."""

    @property
    def time_scale(self) -> Literal["linear", "log"]:
        """The scale of its axis of iterations."""
        return self.time


class LossGraphPanel(ScenePanel[LossGraphSettings]):
    """Draws a loss panel."""

    settings_type = LossGraphSettings
    reads = frozenset({"history", "iteration", "others", "sounds"})

    def __init__(self, context: RenderContext, settings: LossGraphSettings) -> None:
        super().__init__(context, settings)
        self._style = context.style(settings.text)
        self._series = _series_of(settings)
        self._unit = context.data.history.unit
        self._plot, self._labels_px = _plot_box(context, settings, self.box)
        self.covered = (self._plot._replace(height=self._plot.height + self._labels_px),)

        self._axis = time_axis(context.data.history, settings.time, max(2, even(self._plot.width / settings.window)))
        smooth = SMOOTH * self._plot.width if self._series == "training" else 0.0
        self.curve = make_curve(context.data.history, self._series, self._axis, smooth)
        self._overlaid = overlaid_curves(context, self._series, self._axis, smooth, with_others=settings.overlay)
        data = context.data
        self._frames = range(data.start_frame, data.end_frame)
        self._positions_px = self._axis.position_px(data.iteration)
        watched = self.curve.values_at(self._positions_px)
        self._losses = loss_axis(
            [self.curve, *(one.curve for one in self._overlaid)], settings.loss, watched, self._plot.height, self._unit
        )
        self._number_style = number_style(context.language)
        self._ticks = self._time_ticks()
        room = 0.55 * self._style.size_px  # what stands below has words of its own
        self._heights = loss_ticks(self._losses, 1.35 * self._style.size_px, room, self._number_style)
        if self._unit != BITS_PER_BYTE and not self._losses.origin:
            self._heights = logged_ticks(self._losses, self._style.size_px, room, self._number_style)
        self._ink = context.ink("training_mean" if self._series == "training" else "validation")
        line = context.line_px("graph")
        self._playhead_discs = discs((2.5 * line, context.plot_ink), (1.9 * line, self._ink))
        self._checkpoint_disc = discs((1.25 * line, self._ink))
        # Points at the foot reach below it, as far as there is room above the numbers.
        hang = self._hang_px = int(min(line, 0.17 * self._style.size_px, self._labels_px / 2)) * 2
        height = self._plot.height + hang
        painters = (partial(self._paint, opacity=opacity) for opacity in (1.0, UPCOMING_OPACITY))
        self._reached, self._upcoming = (TileCache(self._plot.width, height, paint) for paint in painters)
        self._cap_px = context.type.cap_height(self._style)
        row = self._plot._replace(top=self._plot.bottom + hang, height=self._labels_px - hang)
        first = float(max(self.box.left, context.safe_px[0]))
        self._numbers = TickLane(
            context, self._style, row, self._ticks, title=(settings.time_title, first), foot_px=self._plot.bottom
        )
        self._soft = self._soft_edges()
        self._rest_px, self._far_px = self._way_px()
        self._places = lru_cache(maxsize=4)(self._places_px)
        self.mark = CheckpointMark(
            context,
            self._plot,
            words=settings.heard if settings.heard_label else None,
            style=self._style,
            colour=self._ink,
            rows=self._curve_rows,
            extent=self._band_rows,
            rest_px=self._rest_px,
            widest=self._widest_loss(),
        )
        self.origin_px = min(max(round(self.now_px(data.start_frame)) - self.box.left, 0), self.box.width)
        self._watched_rows = self._plot.top + self._rows(watched)
        self.spot = lru_cache(maxsize=64)(self._spot)

    def _spot(self, iteration: int, last_frame: int) -> Spot:
        """Where a checkpoint is on the graph whose take ends with a frame; the same as long as it is played."""
        at = float(self._axis.position_px(iteration))
        last = min(last_frame, self._frames[-1])
        return Spot(at, self.curve.value_at(at), self.now_px(last) - self.position_px(last))

    def _widest_loss(self) -> str:
        """The longest number that its mark may show, in figures."""
        if self._unit == BITS_PER_BYTE:
            return "8.888"
        ends = (loss_text(loss, self._unit) for loss in (self._losses.first, self._losses.last))
        return max(("".join("8" if letter.isdigit() else letter for letter in end) for end in ends), key=len)

    # Where things are

    def position_px(self, frame: int) -> float:
        """How far along the time axis, in pixels, the playhead stands in a frame."""
        return self._places(frame)[0]

    def now_px(self, frame: int) -> float:
        """Where on the screen the playhead stands in a frame."""
        return self._places(frame)[1]

    def _places_px(self, frame: int) -> tuple[float, float]:
        position = float(self._positions_px[frame - self._frames.start])
        return position, glide(self._axis.length_px - position, self._rest_px, self._far_px)

    def speed_px(self, frame: int) -> float:
        """How fast the graph moves over the screen, in pixels a frame."""
        before, after = max(frame - 1, self._frames.start), min(frame + 1, self._frames.stop)
        way = self.position_px(after) - self.now_px(after) - self.position_px(before) + self.now_px(before)
        return way / (after - before)

    def _soft_edges(self) -> list[tuple[int, NDArray[np.float32]]]:
        """Where the graph fades, and how: at its left, and at its right where that is not the frame's edge."""
        alphas = np.linspace(0, 1, even(FADE_PX * self._context.data.width) + 2, dtype=np.float32)[1:-1]
        edges = [(self._plot.left, alphas)]
        if self._plot.right < self._context.data.width:
            edges.append((self._plot.right - alphas.size, np.ascontiguousarray(alphas[::-1])))
        return edges

    def _way_px(self) -> tuple[float, float]:
        """Where the playhead rests, and where it arrives at the end of training.

        It rests in line with the other panels' where that one reaches this graph. At the end the axis's last number,
        which stands below it, still has room.
        """
        plot, now = self._plot, self._context.playhead_px
        inside = plot.left <= now <= plot.right
        own = self._settings.playhead
        rest = float(now) if inside and own is None else plot.left + (own or self._context.layout.playhead) * plot.width
        last = max((tick.position_px, tick.label) for tick in self._ticks)[1]
        room = self._context.type.measure(last, self._style) / 2 + EDGE_RAMP * self._context.data.width
        return rest, min(self._context.safe_px[1], plot.right) - room

    def row_of(self, loss_bits: float) -> float:
        """The row, from the frame's top, at which a loss stands."""
        return self._plot.top + float(self._rows(np.array([loss_bits]))[0])

    # Drawing

    def draw_base(self, base: Planes) -> None:
        """Draw title, legend and the loss axis's labels."""
        context = self._context
        colour = context.ink("muted")
        if self._plot.top > self.box.top:
            draw_legend(base, context, self._keys(), self._style, self._title_row())
        right = self._plot.left - 0.5 * self._style.size_px
        for tick in self._heights:
            words = TextSprite(context.type, tick.label, self._style)
            pen = (right - words.width_px, self._plot.bottom - tick.position_px + self._cap_px / 2)
            if pen[0] >= context.safe_px[0] - 1:
                words.draw(base, pen, colour)

    def _keys(self) -> tuple[LegendEntry | None, list[LegendEntry]]:
        """The panel's own curve, and those beneath it."""
        names = (self._context.word("bits_per_byte"), self._context.word("bits_per_byte_short"))
        title = title_for(self._settings.title, self._unit, names)
        logged = curve_names(self._context, self._series)
        own = LegendEntry(": ".join([title, *logged[:1]]), title, self._ink) if title else None
        return own, [one.key for one in self._overlaid] if self._settings.legend else []

    def _title_row(self) -> PixelBox:
        """The row above the graph, as far as no other words stand in it."""
        context, plot = self._context, self._plot
        left = max(self.box.left, context.safe_px[0])
        right = min(self.box.right, context.safe_px[1])
        for panel in context.layout.panel:
            if panel.kind == "speed" and left < (other := context.box(panel)).left < right:
                apart = other.bottom <= self.box.top or other.top >= plot.top
                right = right if apart else even(other.left - self._style.size_px)
        return PixelBox(left, self.box.top, right - left, plot.top - self.box.top)

    def draw(self, frame: int, planes: Planes) -> None:
        """Draw the graph around the playhead, the playhead and the value at it."""
        plot, context = self._plot, self._context
        now, position = self.now_px(frame), self.position_px(frame)
        edge = min(max(even(now), plot.left), plot.right)
        speed = abs(self.speed_px(frame))
        blur = speed * smoothstep(speed, BLUR_FROM_PX, BLUR_FULL_PX)
        self._reached.scroll(planes, (plot.left, plot.top), edge - plot.left, position - now + plot.left, blur)
        self._upcoming.scroll(planes, (edge, plot.top), plot.right - edge, position - now + edge, blur)
        for left, alphas in self._soft:
            fade(planes, context.background, (left, plot.top), plot.height + self._hang_px, alphas)
        self._numbers.draw(planes, position - now + plot.left, speed)
        context.draw_playhead(planes, plot.top, plot.bottom, now)
        self._mark_playhead(planes, now, float(self._watched_rows[frame - self._frames.start]))
        take = context.data.take_at(frame)
        if take is not None and take.iteration is not None:
            self.mark.draw(planes, self.spot(take.iteration, take.end_frame - 1), now - position)

    def extent(self, frame: int) -> tuple[float, float, float, float]:
        """The plot and the numbers below it; marks at its edges reach beyond it."""
        del frame
        plot, beyond = self._plot, self.mark.radius_px + 2 * self._context.line_px("graph")
        left, bottom = min(self.box.left, plot.left - beyond), plot.bottom + max(self._labels_px, beyond)
        return left, plot.top - beyond, plot.right + beyond, bottom

    def _mark_playhead(self, planes: Planes, now: float, row: float) -> None:
        """Mark where the curve meets the playhead."""
        if math.isnan(row):
            return
        blend_discs(planes, now, row, self._playhead_discs)

    def _curve_rows(self, positions_px: NDArray[np.float64]) -> NDArray[np.float64]:
        """The rows, from the frame's top, at which the curve stands."""
        return self._plot.top + self._rows(self.curve.values_at(positions_px))

    def _band_rows(self, positions_px: NDArray[np.float64]) -> tuple[float, float]:
        """The highest and the lowest row, from the frame's top, that all drawn of the curve reaches, but for spikes."""
        rows = self._curve_rows(positions_px)
        if self._series != "training":
            return float(rows.min()), float(rows.max())
        columns = np.unique(np.clip(positions_px.astype(np.int64), 0, self._axis.length_px - 1))
        band = (self._rows(edge[columns[~np.isnan(edge[columns])]]) for edge in (self.curve.highest, self.curve.lowest))
        tops, bottoms = (np.append(edge + self._plot.top, rows) for edge in band)
        return float(np.quantile(tops, SPIKES)), float(np.quantile(bottoms, 1 - SPIKES))

    # Painting tiles

    def _paint(self, tile: Planes, first: int, opacity: float) -> None:
        context = self._context
        tile.fill(context.plot_ink)
        self._paint_grid(tile, first)
        for one in reversed(self._overlaid):
            self._paint_line(tile, first, one.curve, one.pen(opacity))
        if self._series == "training":
            self._paint_band(tile, first, opacity)
        self._paint_line(tile, first, self.curve, LinePen(self._ink, 1.0, opacity))
        self._paint_checkpoints(tile, first, opacity)

    def _paint_grid(self, tile: Planes, first: int) -> None:
        context, plot = self._context, self._plot
        thin, grid = max(1.0, context.line_px("grid")), context.ink("grid")
        for tick in self._heights:
            row = round(plot.height - tick.position_px - thin / 2)
            blend_box(tile, (0, row, tile.width, row + thin), grid, 0.7)
        blend_box(tile, (0, plot.height - thin, tile.width, plot.height), grid)
        soft = max(1.5, thin)  # standing lines move by fractions of a pixel: a little wider looks the same at each
        for tick in self._ticks:
            at = tick.position_px - first
            if not -soft < at < tile.width + soft:
                continue
            is_end = tick.position_px == self._axis.length_px
            line, shown = (context.ink("muted"), 0.6) if is_end else (grid, 0.7 if tick.major else 0.35)
            blend_box(tile, (at - soft / 2, 0, at + soft / 2, plot.height), line, shown)

    def _rows(self, losses: NDArray[np.float64]) -> NDArray[np.float64]:
        """Rows of the plot at which losses stand; what lies beyond its edges stands at the edge."""
        positions = self._losses.position_px(np.maximum(losses, self._losses.first))
        return np.asarray(self._plot.height - np.clip(positions, 0, self._plot.height))

    def _paint_band(self, tile: Planes, first: int, opacity: float) -> None:
        start, end = max(first, 0), min(first + tile.width, self._axis.length_px)
        if start >= end:
            return
        tops, bottoms = self._rows(self.curve.highest[start:end]), self._rows(self.curve.lowest[start:end])
        thin = self._context.line_px("graph") * 0.5
        bars = np.zeros((2, tile.width), dtype=np.float32)
        thicker = np.maximum(thin - (bottoms - tops), 0) / 2
        bars[0, start - first : end - first] = np.nan_to_num(tops - thicker)
        bars[1, start - first : end - first] = np.nan_to_num(bottoms + thicker)
        colours = np.tile(np.array(self._context.ink("training_band"), dtype=np.float32), (tile.width, 1))
        blend_spans(tile, bars[0], bars[1], colours, opacity)

    def _paint_line(self, tile: Planes, first: int, curve: ColumnCurve, pen: LinePen) -> None:
        half = self._context.line_px("graph") * pen.thickness / 2
        margin = math.ceil(half) + 2
        start, end = max(first - margin, 0), min(first + tile.width + margin, self._axis.length_px)
        if end - start < 2:  # noqa: PLR2004  # a line has two ends
            return
        mask = np.zeros((self._plot.height, tile.width), dtype=np.float32)
        xs = (np.arange(start, end) + 0.5 - first).astype(np.float32)
        stroke(mask, xs, self._rows(curve.mean[start:end]).astype(np.float32), half, pen.opacity)
        if pen.is_dashed:
            dash_px = DASH_LINES * self._context.line_px("graph")
            mask[:, (np.arange(first, first + tile.width) % (2 * dash_px)) >= dash_px] = 0
        blend_mask(tile, mask, (0, 0), pen.colour)

    def _paint_checkpoints(self, tile: Planes, first: int, opacity: float) -> None:
        """Mark the checkpoints: dots on the validation loss, ticks at the foot of the training loss."""
        context, plot = self._context, self._plot
        checkpoints = context.data.history.validation_iterations
        positions = self._axis.position_px(checkpoints)
        line = context.line_px("graph")
        inside = (positions > first - 4 * line) & (positions < first + tile.width + 4 * line)
        apart = np.diff(positions, prepend=-math.inf) >= 5 * line
        for position in positions[inside & apart]:
            at = float(position) - first
            if self._series == "validation":
                row = self.row_of(self.curve.value_at(float(position))) - plot.top
                blend_discs(tile, at, row, self._checkpoint_disc, opacity)
            else:
                blend_box(tile, (at - line / 2, plot.height - 3 * line, at + line / 2, plot.height), self._ink, opacity)

    def _time_ticks(self) -> tuple[Tick, ...]:
        def measure_px(label: str) -> float:
            return self._context.type.measure(label, self._style)

        gap = (3.0 if self._settings.time == "linear" else 1.2) * self._style.size_px
        ticks = choose_ticks(self._axis, measure_px=measure_px, gap_px=gap, style=self._number_style, least_step=1)
        return with_end(ticks, self._axis, measure_px, 1.2 * self._style.size_px, self._number_style)


def _series_of(settings: LossGraphSettings) -> Series:
    return "training" if settings.kind == "training_loss" else "validation"


def _plot_box(context: RenderContext, settings: LossGraphSettings, box: PixelBox) -> tuple[PixelBox, int]:
    """The part of the panel that scrolls without its labels, and the height of the row of labels below."""
    size = settings.text * context.size_px
    is_overlaid = context.data.history.further(_series_of(settings)) or (settings.overlay and context.data.others)
    two_rows = settings.legend_rows > 1 and settings.legend and bool(is_overlaid)
    above = even((TITLE_LINES + (LEGEND_LINES if two_rows else 0.0)) * size)
    below = even(LABEL_LINES * size) if settings.tick_labels else 0
    if box.height - above - below < max(2, above):  # no room for words: the curve matters most
        below = 0
    if box.height - above < max(2, above):
        above = 0
    height = box.height - above - below
    left = (
        max(box.left, context.safe_px[0]) + even(settings.gutter * context.data.width) if settings.gutter else box.left
    )
    left = min(even(left), box.right - 2)
    return PixelBox(left, box.top + above, box.right - left, height), below
