using System.Diagnostics.CodeAnalysis;
using Quota.Silo.Hosting;

namespace Quota.Silo.Catalog.Config;

/// <summary>What a configuration file says, or everything that is wrong with it.</summary>
public sealed record ConfigResult
{
    private ConfigResult(SiloSettings? settings, CatalogModel? catalog, IReadOnlyList<ConfigError> errors)
    {
        Settings = settings;
        Catalog = catalog;
        Errors = errors;
    }

    /// <summary>Set if there are no errors.</summary>
    public SiloSettings? Settings { get; }

    /// <summary>Set if there are no errors.</summary>
    public CatalogModel? Catalog { get; }

    /// <summary>In the order of the file; at most <see cref="Contracts.Bounds.ConfigErrorsMax"/> and a line that counts the rest.</summary>
    public IReadOnlyList<ConfigError> Errors { get; }

    /// <summary>SHA-256 of the file's bytes where it was loaded from a file; tells whether the file has changed since.</summary>
    internal byte[] ContentHash { get; init; } = [];

    [MemberNotNullWhen(true, nameof(Settings), nameof(Catalog))]
    public bool IsValid => Settings is not null && Catalog is not null;

    internal static ConfigResult Valid(SiloSettings settings, CatalogModel catalog) => new(settings, catalog, []);

    internal static ConfigResult Invalid(IReadOnlyList<ConfigError> errors) => new(null, null, errors);
}
