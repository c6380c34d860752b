"""Figures as SVG text, drawn without a library, so that equal data give equal bytes."""
