"""What a scrape says, by name and labels."""

from prometheus_client.parser import text_string_to_metric_families


def figures(families):
    """By name and sorted labels, the value."""
    return {
        (sample.name, *sorted(sample.labels.items())): sample.value
        for family in families
        for sample in family.samples
    }


def parsed(text):
    return figures(text_string_to_metric_families(text))


def of(found, name, **labels):
    """The one value with these labels; None if it is not told."""
    return found.get((name, *sorted(labels.items())))
