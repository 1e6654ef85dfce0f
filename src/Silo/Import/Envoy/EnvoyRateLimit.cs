using Quota.Silo.Catalog.Config;

namespace Quota.Silo.Import.Envoy;

/// <summary>The <c>rate_limit</c> of a descriptor.</summary>
/// <param name="Source">The object, for remarks.</param>
/// <param name="Unlimited">Nothing is counted; unit and amount mean nothing.</param>
/// <param name="Unit">Length of the window.</param>
/// <param name="Amount">Requests per unit, 0 to 4,294,967,295.</param>
/// <param name="Name">Empty if it has none.</param>
/// <param name="Replaces">Names of the limits that do not count where this one does, with their places.</param>
internal sealed record EnvoyRateLimit(SourceObject Source, bool Unlimited, EnvoyUnit Unit, long Amount, string Name, IReadOnlyList<(ConfigNode At, string Name)> Replaces);
