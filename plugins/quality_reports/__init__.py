"""The page that lists and shows the weekly reports."""
