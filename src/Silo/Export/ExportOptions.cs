namespace Quota.Silo.Export;

/// <summary>What to export, and where to.</summary>
internal sealed record ExportOptions
{
    /// <summary>The silo's HTTP address.</summary>
    public required string Server { get; init; }

    public required string Namespace { get; init; }

    /// <summary>As 2026-10; empty for the running month.</summary>
    public string Month { get; init; } = "";

    public required IUsageFormat Format { get; init; }

    /// <summary>The file; null for standard output.</summary>
    public string? File { get; init; }

    /// <summary>Go on with the partial file of an export that broke off.</summary>
    public bool Resume { get; init; }

    public bool Daily { get; init; }

    public IReadOnlyList<KeyValuePair<string, string>> Labels { get; init; } = [];

    /// <summary>What a partial file must be of.</summary>
    public ExportHeader Wanted => new(Protocols.Usage.UsageSchema.Version, Namespace, Month, 0, LabelText.Of(Labels), Daily);
}
