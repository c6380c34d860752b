"""Figures as SVG text, drawn by hand so that equal data give equal bytes."""
