"""What every door for programs shares: keys, problems, pages, limits. Endpoints are in the apps."""
