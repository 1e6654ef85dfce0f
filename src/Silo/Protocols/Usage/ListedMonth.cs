using Quota.Grains.Usage;
using Quota.Silo.Catalog;

namespace Quota.Silo.Protocols.Usage;

/// <summary>What a list or stream of usage is about, after its request was checked.</summary>
/// <param name="Home">The namespace.</param>
/// <param name="Month">The month.</param>
/// <param name="After">Begin after this key; null for the first.</param>
internal sealed record ListedMonth(NamespaceModel Home, MonthLabel Month, byte[]? After);
