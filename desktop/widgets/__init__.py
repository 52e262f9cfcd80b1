"""The parts that screens are laid out from. Screens import from here alone."""

from desktop.widgets.amount_field import AmountField
from desktop.widgets.badges import Avatar, Badge, KeyChip, Tone
from desktop.widgets.before_after import BeforeAfter, BeforeAfterTable
from desktop.widgets.buttons import Button
from desktop.widgets.check_box import CheckBox
from desktop.widgets.data_table import DataTable
from desktop.widgets.dialogs import ApprovalDialog, ApproverAnswer, ConfirmDialog
from desktop.widgets.fields import CodeField, Field, PasswordField, TextField, column_of
from desktop.widgets.focus_ring import FocusRing
from desktop.widgets.line_status import LineState, LineStatus
from desktop.widgets.money_tables import Denomination, DenominationTable
from desktop.widgets.nav_rail import Destination, NavRail
from desktop.widgets.paged_model import Column, PagedModel
from desktop.widgets.panels import Card, EmptyState, KeyValueList, Notice
from desktop.widgets.review import ReviewPanel
from desktop.widgets.search_box import SearchBox
from desktop.widgets.status_strip import StatusStrip
from desktop.widgets.text import ElidedText, Hairline, Icon, Text, set_look
from desktop.widgets.top_bar import TopBar, Who

__all__ = [
    "AmountField",
    "ApprovalDialog",
    "ApproverAnswer",
    "Avatar",
    "Badge",
    "BeforeAfter",
    "BeforeAfterTable",
    "Button",
    "Card",
    "CheckBox",
    "CodeField",
    "Column",
    "ConfirmDialog",
    "DataTable",
    "Denomination",
    "DenominationTable",
    "Destination",
    "ElidedText",
    "EmptyState",
    "Field",
    "FocusRing",
    "Hairline",
    "Icon",
    "KeyChip",
    "KeyValueList",
    "LineState",
    "LineStatus",
    "NavRail",
    "Notice",
    "PagedModel",
    "PasswordField",
    "ReviewPanel",
    "SearchBox",
    "StatusStrip",
    "Text",
    "TextField",
    "Tone",
    "TopBar",
    "Who",
    "column_of",
    "set_look",
]
