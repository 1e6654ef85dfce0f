using Quota.Contracts.V1;
using Quota.Silo.Catalog.Config;

namespace Quota.Silo.Import.Aws;

/// <summary>One limit of a usage plan, not yet named for the plan it will stand on.</summary>
/// <param name="Name">throttle, quota, or API, stage, path and method.</param>
/// <param name="At">Where it stands, for remarks.</param>
/// <param name="Path">Its field.</param>
/// <param name="Template">Everything but name and mode.</param>
internal sealed record AwsLimit(string Name, ConfigNode At, FieldPath Path, Limit Template);
