using System.Diagnostics.CodeAnalysis;
using Quota.Silo.Definitions;
using Quota.Silo.Hosting;

namespace Quota.Silo.Catalog.Config;

/// <summary>What a configuration file says, or everything that is wrong with it.</summary>
public sealed record ConfigResult
{
    private readonly Lazy<CatalogModel>? _catalog;

    private ConfigResult(SiloSettings? settings, IReadOnlyList<PendingChange>? definitions, IReadOnlyList<ConfigError> errors)
    {
        Settings = settings;
        Definitions = definitions;
        Errors = errors;
        _catalog = settings is null ? null : new Lazy<CatalogModel>(() => Build(definitions ?? []));
    }

    /// <summary>Set if there are no errors.</summary>
    public SiloSettings? Settings { get; }

    /// <summary>The file's own namespaces, plans and keys, without any that are defined elsewhere; set if there are no errors.</summary>
    public CatalogModel? Catalog => _catalog?.Value;

    /// <summary>In the order of the file; at most <see cref="Contracts.Bounds.ConfigErrorsMax"/> and a line that counts the rest.</summary>
    public IReadOnlyList<ConfigError> Errors { get; }

    /// <summary>SHA-256 of the file's bytes where it was loaded from a file; tells whether the file has changed since.</summary>
    internal byte[] ContentHash { get; init; } = [];

    /// <summary>The file, as messages name it.</summary>
    internal string FileName { get; init; } = "";

    /// <summary>Which revision of the <c>namespaces</c> the file holds, from 1; 0: it does not say. Of use to silos of a cluster.</summary>
    internal long Revision { get; init; }

    /// <summary>What the file defines; null if it has no <c>namespaces</c> and so manages nothing.</summary>
    internal IReadOnlyList<PendingChange>? Definitions { get; }

    [MemberNotNullWhen(true, nameof(Settings), nameof(Catalog))]
    public bool IsValid => Settings is not null;

    internal static ConfigResult Valid(SiloSettings settings, IReadOnlyList<PendingChange>? definitions) => new(settings, definitions, []);

    internal static ConfigResult Invalid(IReadOnlyList<ConfigError> errors) => new(null, null, errors);

    private static CatalogModel Build(IReadOnlyList<PendingChange> definitions)
    {
        var writer = new CatalogWriter();
        writer.PutStructure(definitions.Where(d => d.Id.Kind != DefinitionKind.Key));
        writer.PutKeys(new ChangeSet(writer, definitions).KeysParentsFirst());
        return writer.Catalog;
    }
}
