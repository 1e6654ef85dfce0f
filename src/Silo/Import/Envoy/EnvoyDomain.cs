using Quota.Silo.Catalog.Config;

namespace Quota.Silo.Import.Envoy;

/// <summary>A domain with the descriptors of all files that name it.</summary>
/// <param name="Name">The domain, which becomes the namespace.</param>
/// <param name="At">Where it is named first.</param>
/// <param name="Remarks">The file that names it first.</param>
internal sealed record EnvoyDomain(string Name, ConfigNode At, FileRemarks Remarks)
{
    public List<EnvoyDescriptor> Descriptors { get; } = [];

    /// <summary>A remark about the domain as a whole.</summary>
    public void Note(string message) => Remarks.Note(At, FieldPath.Root.Field("domain"), message);

    /// <inheritdoc cref="Note"/>
    public void Error(string message) => Remarks.Error(At, FieldPath.Root.Field("domain"), message);
}
