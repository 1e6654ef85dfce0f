using Quota.Contracts.V1;

namespace Quota.Silo.Import.Envoy;

/// <summary>A translated limit and where it comes from.</summary>
/// <param name="Limit">The limit.</param>
/// <param name="Source">The descriptor that has the rate limit.</param>
/// <param name="Root">The descriptor of the first level above it.</param>
internal sealed record EnvoyLimit(Limit Limit, EnvoyDescriptor Source, EnvoyDescriptor Root);
