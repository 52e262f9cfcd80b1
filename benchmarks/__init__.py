"""Ratios against a baseline measured in the same run: absolute figures move from machine to machine, these do not."""
