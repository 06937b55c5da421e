"""How the parts are put together: settings and deployment in, the fleet's parts out."""
