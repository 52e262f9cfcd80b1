"""A stand-in for another bank, as a program of its own with its own file: `serve(settings)`."""

from sync_server.partner_bank.app import create_partner_bank, serve
from sync_server.partner_bank.settings import PartnerBankSettings, partner_bank_settings

__all__ = ["PartnerBankSettings", "create_partner_bank", "partner_bank_settings", "serve"]
