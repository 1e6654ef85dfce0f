namespace Quota.Silo.Import.Aws;

/// <summary>One usage plan of API Gateway.</summary>
/// <param name="Source">The object, for remarks.</param>
/// <param name="Id">Its id, which the files of keys name.</param>
/// <param name="Name">Its name, for people.</param>
internal sealed record AwsUsagePlan(SourceObject Source, string Id, string Name)
{
    public List<AwsLimit> Limits { get; } = [];

    /// <summary>API id and stage, as values of the attribute api_stage.</summary>
    public List<string> Stages { get; } = [];
}
