"""Shadow deployment: a challenger's predictions paired with the champion's."""
